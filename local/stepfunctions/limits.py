"""Limits of Step Functions that end an execution, and that no Catch sees.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.parser import quotas
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    distributed_iteration_component as distributed,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from local.runtime import patch
from local.runtime.runtime import Runtime

DATA_BYTES = 262_144
HISTORY_EVENTS = 25_000
_HISTORY_FULL = f"The execution reached the maximum number of history events ({HISTORY_EVENTS})."
_ENDS = (
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionTimedOut,
)
_COUNTING = threading.Lock()


class HistoryFull(Exception):
    """The next event would be the last one that fits, which is kept for the execution's end."""


def install(runtime: Runtime) -> None:
    patch.replace_imported(quotas, "is_within_size_quota", fits, package="moto.stepfunctions")
    patch.replace(StateMap, "_eval_execution", _map_result)
    patch.replace(EventManager, "add_event", _add_event)
    patch.replace(Environment, "set_error", _set_error)


def fits(value: Any) -> bool:
    """moto: measures JSON text with blanks and escapes in it, and refuses what just fits. AWS: at
    most 262,144 bytes of UTF-8."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return len(text.encode()) <= DATA_BYTES


def too_large(name: str) -> dict[str, str]:
    """How an execution ends that gets or gives more than that."""
    return {
        "error": "States.DataLimitExceeded",
        "cause": f"The state/task '{name}' returned a result with a size exceeding the maximum "
        "number of bytes service limit.",
    }


def check_input(text: str) -> None:
    """Raises ValidationException for an input that no execution can be started with."""
    if len(text.encode()) > DATA_BYTES:
        raise ValidationException(
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member "
            f"must have length less than or equal to {DATA_BYTES}"
        )


def _map_result(original: Callable[[Any, Environment], None]) -> Callable[[Any, Any], None]:
    """moto: looks at what the state's Output has made of the results. AWS: at all the results of a
    distributed map's children, unless a ResultWriter takes them."""

    def eval_execution(self: StateMap, env: Environment) -> None:
        original(self, env)
        children = isinstance(self.iteration_component, distributed.DistributedIterationComponent)
        if children and self.result_writer is None:
            self._verify_size_quota(env=env, value=env.stack[-1])

    return eval_execution


def _add_event(original: Callable[..., int]) -> Callable[..., int]:
    """moto: any number of events. AWS: what is to be the 25,000th is the end, or else a failure."""

    def add_event(
        self: EventManager, context: Any, event_type: HistoryEventType, *others: Any, **more: Any
    ) -> int:
        with _COUNTING:  # branches and iterations add at once
            if event_type not in _ENDS and _is_full(self):
                raise HistoryFull(_HISTORY_FULL)
            return original(self, context, event_type, *others, **more)

    return add_event


def _is_full(events: EventManager) -> bool:
    return len(events._history_event_list) >= HISTORY_EVENTS - 1


def _set_error(original: Callable[..., None]) -> Callable[..., None]:
    def set_error(self: Environment, error: Any) -> None:
        if _is_full(self.event_manager):
            error = {"error": "States.Runtime", "cause": _HISTORY_FULL}
        original(self, error)

    return set_error
