"""The runtime's own services ask here, where they act for somebody without a request to moto."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local.iam import evaluation, usage
from local.iam.need import Need
from local.iam.principals import Principal
from local.runtime.runtime import Runtime


class Refused(Exception):
    """Somebody is not allowed what they need; the message is AWS's."""


def require(
    runtime: Runtime,
    principal: Principal,
    action: str,
    resource: str,
    facts: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Raises Refused, and NotKnown where a policy asks for what is not implemented."""
    decision = evaluation.decide(principal, Need(action, resource, facts or {}))
    usage.of_run(runtime.state).record(principal, decision)
    if not decision.allowed:
        raise Refused(decision.message(principal))
