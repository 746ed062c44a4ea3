"""What a resource type is, and how template values become API parameters."""

from __future__ import annotations

import abc
import dataclasses
import json
import secrets
import string
from typing import Any, ClassVar

from local.runtime.runtime import Runtime

_SUFFIX_ALPHABET = string.ascii_uppercase + string.digits


@dataclasses.dataclass(frozen=True)
class Created:
    """A resource as it came to be: what Ref yields and what GetAtt can ask for."""

    physical_id: str
    attributes: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Request:
    """One resource of one stack to be created or updated, its functions evaluated."""

    runtime: Runtime
    stack: str
    logical_id: str
    properties: dict[str, Any]

    def client(self, service: str) -> Any:
        return self.runtime.client(service)

    def name(self, given: str | None, limit: int = 64) -> str:
        """The physical name: the one given, else stack, logical id and a random suffix."""
        if given:
            return given
        suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(12))
        room = limit - len(suffix) - len(self.logical_id) - 2
        stack = self.stack[: max(room, 8)]
        logical_id = self.logical_id[: limit - len(suffix) - len(stack) - 2]
        return f"{stack}-{logical_id}-{suffix}"

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call the service's API, text turned into the numbers and booleans it wants."""
        client = self.client(service)
        model = client.meta.service_model.operation_model(operation)
        method = client.meta.method_to_api_mapping
        name = next(python for python, api in method.items() if api == operation)
        given = {key: value for key, value in parameters.items() if value is not None}
        answer: dict[str, Any] = getattr(client, name)(**shaped(given, model.input_shape))
        return answer

    def tags(self) -> list[dict[str, str]]:
        return list(self.properties.get("Tags", []))


class ResourceType(abc.ABC):
    """One CloudFormation resource type."""

    name: ClassVar[str]
    properties: ClassVar[frozenset[str]]
    attributes: ClassVar[frozenset[str]] = frozenset()
    fixed: ClassVar[frozenset[str]] = frozenset()  # changing one needs a new resource

    @abc.abstractmethod
    def create(self, request: Request) -> Created:
        """Create the resource; any exception fails the deployment."""

    def update(self, request: Request, current: Created) -> Created:
        """Change the resource in place."""
        raise NotImplementedError(f"updating a {self.name} is not implemented locally")

    @abc.abstractmethod
    def delete(self, request: Request, current: Created) -> None:
        """Remove the resource."""


def shaped(value: Any, shape: Any) -> Any:
    """`value` as the API's shape wants it: CloudFormation takes "30" for 30 and 30 for "30"."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = shape.members
        unknown = set(value) - set(members)
        if unknown:
            raise ValueError(f"unknown properties {sorted(unknown)} in {shape.name}")
        return {name: shaped(item, members[name]) for name, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [shaped(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {str(name): shaped(item, shape.value) for name, item in value.items()}
    if kind in ("integer", "long") and isinstance(value, (str, float)):
        return int(value)
    if kind in ("float", "double") and isinstance(value, (str, int)):
        return float(value)
    if kind == "boolean" and isinstance(value, str):
        return boolean(value)
    if kind == "string" and not isinstance(value, str):
        return text(value)
    return value


def boolean(value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError(f"'{value}' is neither true nor false")
    return str(value).lower() == "true"


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return (
        str(value).lower()
        if isinstance(value, bool)
        else (json.dumps(value) if isinstance(value, (dict, list)) else str(value))
    )


def tag_map(tags: list[dict[str, Any]]) -> dict[str, str]:
    return {tag["Key"]: text(tag["Value"]) for tag in tags}
