"""What roles and services were allowed and refused in this run, for `sonoflow permissions`.

Kept in a file of the run's scratch directory, as lines of JSON, appended under a lock: one for each
new resource of a principal, an action and a decision, until there are enough to see what they are.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.iam.evaluation import Decision
from local.iam.principals import Owner, Principal, Session
from local.runtime.runs import DECISIONS

_RESOURCES = 30  # of each principal, action and deciding statement


class Usage:
    """Thread-safe."""

    def __init__(self, state: Path) -> None:
        self._path = state / DECISIONS
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str, str], set[str]] = {}

    def record(self, principal: Principal, decision: Decision) -> None:
        """Keep a decision about a role or a service; the user's own are nobody's business."""
        if isinstance(principal, Owner):
            return
        who = principal.role_arn if isinstance(principal, Session) else principal.name
        statement = decision.statement.name if decision.statement else ""
        need = decision.need
        key = (who, need.action, f"{decision.allowed} {statement}")
        with self._lock:
            resources = self._seen.setdefault(key, set())
            if need.resource in resources or len(resources) >= _RESOURCES:
                return
            resources.add(need.resource)
            with self._path.open("a") as file:
                file.write(json.dumps(self._line(who, principal, decision)) + "\n")

    def _line(self, who: str, principal: Principal, decision: Decision) -> Mapping[str, Any]:
        need = decision.need
        return {
            "principal": who,
            "session": principal.arn,
            "action": need.action,
            "resource": need.resource,
            "facts": dict(need.facts),
            "allowed": decision.allowed,
            "statement": decision.statement.name if decision.statement else None,
            "reason": decision.reason,
        }


@functools.cache
def of_run(state: Path) -> Usage:
    """The one of a run, by its scratch directory."""
    return Usage(state)
