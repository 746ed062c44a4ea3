"""Policy documents: which statements apply to an action on a resource.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.iam.conditions import Context, NotKnown, arn_like, like, met

_PARTS = frozenset(
    (
        *("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"),
        *("Principal", "NotPrincipal", "Condition"),
    )
)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


@dataclasses.dataclass(frozen=True)
class Statement:
    """One statement of a document, and where it stands."""

    policy: str
    number: int  # in its document, from 1
    body: Mapping[str, Any]
    version: str

    @property
    def name(self) -> str:
        """`policy/Sid`, or the statement's number where it has no Sid."""
        return f"{self.policy}/{self.body.get('Sid') or self.number}"

    @property
    def denies(self) -> bool:
        return bool(self.body["Effect"] == "Deny")

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Whether it speaks of this action on this resource in this request; who asks is another
        question. Raises NotKnown."""
        return (
            self._names_action(action)
            and self._names_resource(resource, context)
            and met(self._conditions(context), context)
        )

    def _names_action(self, action: str) -> bool:
        patterns = _listed(self.body.get("Action", self.body.get("NotAction")))
        named = any(like(pattern.lower(), action.lower()) for pattern in patterns)
        return named if "Action" in self.body else not named

    def _names_resource(self, resource: str, context: Context) -> bool:
        if "Resource" not in self.body and "NotResource" not in self.body:
            return True  # a trust policy is its role's
        patterns = _listed(self.body.get("Resource", self.body.get("NotResource")))
        filled = (_filled(pattern, self.version, context) for pattern in patterns)
        named = any(arn_like(_completed(pattern), resource) for pattern in filled)
        return named if "Resource" in self.body else not named

    def _conditions(self, context: Context) -> Mapping[str, Mapping[str, Any]]:
        return {
            operator: {
                key: [_filled(str(value), self.version, context) for value in _listed(wanted)]
                if any("${" in str(value) for value in _listed(wanted))
                else wanted
                for key, wanted in wanted_by_key.items()
            }
            for operator, wanted_by_key in self.body.get("Condition", {}).items()
        }


@functools.lru_cache(maxsize=1024)
def read(policy: str, document: str) -> tuple[Statement, ...]:
    """A document's statements. Raises NotKnown for an element that policies do not have."""
    parsed = json.loads(document)
    version = str(parsed.get("Version", "2008-10-17"))
    return tuple(_statements(policy, version, _listed(parsed.get("Statement", []))))


def _statements(policy: str, version: str, bodies: list[Any]) -> Iterator[Statement]:
    for number, body in enumerate(bodies, 1):
        unknown = sorted(set(body) - _PARTS)
        if unknown or body.get("Effect") not in ("Allow", "Deny"):
            raise NotKnown(f"{policy}, statement {number}: {unknown or body.get('Effect')}")
        yield Statement(policy, number, body, version)


def _completed(arn: str) -> str:
    """What a resource's ARN leaves out at its end may be anything:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"""
    missing = 5 - arn.count(":")
    return arn + ":*" * missing if arn != "*" and missing > 0 else arn


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _filled(pattern: str, version: str, context: Context) -> str:
    """Policy variables put in, where the document's version has them."""
    if version != "2012-10-17" or "${" not in pattern:
        return pattern

    def value(match: re.Match[str]) -> str:
        name, _, default = match[1].partition(",")
        if name in ("*", "?", "$"):
            raise NotKnown(f"the policy variable ${{{name}}} is not implemented")
        held = {key.lower(): values for key, values in context.items()}.get(name.strip().lower())
        if held:
            return held[0]
        if default:
            return default.strip().strip("'")
        raise NotKnown(f"the policy variable ${{{name}}} is not implemented")

    return _VARIABLE.sub(value, pattern)
