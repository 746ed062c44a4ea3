"""What the stack puts around whatever a release makes: a key, a network, tags.

They come in a state's input, out of the state machine's substitutions: beside all other parameters
they would not fit into the 4 KB that a function's environment may hold.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Self

from sonoflow.errors import PayloadInvalid

# Disks of their own, encrypted by the machine, for which SageMaker refuses a key:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
_LOCAL_STORAGE = re.compile(r"ml\.([cmr]\d\w*d|dl\d|g[4-9]\w*|p3dn|p[4-9][\w-]*|trn\d\w*)\.")


@dataclasses.dataclass(frozen=True)
class Surroundings:
    kms_key_arn: str = ""  # empty: AWS's own keys
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_state(cls, payload: Mapping[str, Any]) -> Self:
        """An input that has none is of a stack that wants none. Raises PayloadInvalid."""
        given = payload.get("surroundings", {})
        names = [one.name for one in dataclasses.fields(cls)]
        if not isinstance(given, Mapping) or not given.keys() <= set(names):
            raise PayloadInvalid(f"'surroundings' must be an object of {names}, not {given!r}")
        for name, text in given.items():
            if not isinstance(text, str):
                raise PayloadInvalid(f"'surroundings.{name}' must be str, not {text!r}")
        several = {name: _parts(given.get(name, "")) for name in names}
        return cls(
            kms_key_arn=given.get("kms_key_arn", ""),
            subnet_ids=several["subnet_ids"],
            security_group_ids=several["security_group_ids"],
            tags=dict(_tag(part) for part in several["tags"]),
        )

    def key(self, member: str) -> dict[str, str]:
        """The member of a request that names the key, where there is one."""
        return {member: self.kms_key_arn} if self.kms_key_arn else {}

    def disk_key(self, member: str, instance_type: str) -> dict[str, str]:
        """The same for an instance's disk."""
        return {} if _LOCAL_STORAGE.match(instance_type) else self.key(member)

    @property
    def network(self) -> dict[str, Any]:
        """The member of a request that names the network, where there is one."""
        if not self.subnet_ids:
            return {}
        return {
            "VpcConfig": {
                "Subnets": list(self.subnet_ids),
                "SecurityGroupIds": list(self.security_group_ids),
            }
        }


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _tag(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise PayloadInvalid(f"'surroundings.tags' must be name=value, not {text!r}")
    return name.strip(), value.strip()
