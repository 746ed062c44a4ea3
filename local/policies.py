"""Conditions of policy statements, which moto takes as met whatever they say."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

from local.patch import replace
from local.runtime import Runtime

Context = Mapping[str, str]
# Requests reach the runtime over loopback, which nobody can listen in on: that is TLS's promise.
_ALWAYS = {"aws:SecureTransport": "true"}

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Bool": lambda wanted, found: wanted.lower() == found.lower(),
    "StringEquals": lambda wanted, found: wanted == found,
    "StringLike": lambda wanted, found: fnmatch.fnmatchcase(found, wanted),
    "ArnLike": lambda wanted, found: fnmatch.fnmatchcase(found, wanted),
    "ArnEquals": lambda wanted, found: fnmatch.fnmatchcase(found, wanted),
}


def install(runtime: Runtime) -> None:
    replace(IAMPolicyStatement, "is_action_permitted", _conditional)


def _conditional(original: Callable[..., PermissionResult]) -> Callable[..., PermissionResult]:
    """moto: knows StringEquals alone, counts an absent key as equal, and takes a statement whose
    condition is not met for a denial; a bucket that denies requests without TLS denies all.
    AWS: such a statement does not apply."""

    def is_action_permitted(
        self: IAMPolicyStatement,
        action: str,
        resource: str = "*",
        principal: str | None = None,
        incoming_condition_values: dict[str, str] | None = None,
    ) -> PermissionResult:
        statement = self._statement
        if not met(
            statement.get("Condition", {}), {**_ALWAYS, **(incoming_condition_values or {})}
        ):
            return PermissionResult.NEUTRAL
        unconditional = {name: part for name, part in statement.items() if name != "Condition"}
        return original(IAMPolicyStatement(unconditional), action, resource, principal)

    return is_action_permitted


def met(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every condition holds; a key that the request does not carry holds for none.

    Raises NotImplementedError for an operator that is not known here.
    """
    for operator, wanted_by_key in conditions.items():
        if operator not in _OPERATORS:
            raise NotImplementedError(f"the condition operator {operator} is not implemented")
        holds = _OPERATORS[operator]
        for key, wanted in wanted_by_key.items():
            choices = wanted if isinstance(wanted, list) else [wanted]
            found = context.get(key)
            if found is None or not any(holds(str(choice), found) for choice in choices):
                return False
    return True
