"""Distributed Map: failures count, tolerance decides, and stopping stops the children."""

from __future__ import annotations

import dataclasses
import datetime
import threading
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    distributed_iteration_component as component,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from local.runtime import patch
from local.runtime.runtime import Runtime

# AWS runs up to 10,000 children; here each is a thread beside real functions and jobs.
_MOST_CHILDREN = 16


def install(runtime: Runtime) -> None:
    """moto: a failed child's result becomes null and the map succeeds, whatever was tolerated; its
    workers recurse once per item, and children see the variables around the map. AWS: the map
    fails with States.ExceedToleratedFailureThreshold once failures exceed what is tolerated,
    results are those of the children that succeeded, and outer variables do not exist inside."""
    patch.replace(component.DistributedIterationComponent, "_map_run", lambda _original: _map_run)


def _map_run(
    self: component.DistributedIterationComponent,
    env: Environment,
    eval_input: component.DistributedIterationComponentEvalInput,
) -> None:
    items: list[Any] = env.stack.pop()
    run = MapRun(env, self._get_iteration_program(), eval_input, items)
    env.stack.append(run.outputs())


@dataclasses.dataclass(frozen=True)
class Failure:
    index: int
    error: str
    cause: str


class MapRun:
    """One run of a distributed map's items through its item processor."""

    def __init__(self, env: Environment, program: Program, settings: Any, items: list[Any]):
        self._env, self._program, self._items = env, program, items
        self._selector, self._record = settings.item_selector, settings.map_run_record
        self._tolerated_count = int(settings.tolerated_failure_count or 0)
        self._tolerated_percentage = float(settings.tolerated_failure_percentage or 0)
        self._concurrency = min(
            settings.map_run_record.max_concurrency or _MOST_CHILDREN, _MOST_CHILDREN, len(items)
        )
        self._lock = threading.Lock()
        self._next = 0
        self._results: dict[int, Any] = {}
        self._failures: list[Failure] = []
        self._children: set[Environment] = set()

    def outputs(self) -> list[Any]:
        """The results of the children in the order of the items. Raises once too many failed."""
        self._record.item_counter.total.count(len(self._items))
        self._record.execution_counter.total.count(len(self._items))
        threads = [
            threading.Thread(target=self._work, name=f"map-run-{n}", daemon=True)
            for n in range(self._concurrency)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._exceeded():
            raise self._threshold_exceeded()
        return [self._results[index] for index in sorted(self._results)]

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._next >= len(self._items) or self._exceeded() or not self._env.is_running():
                    return
                index, self._next = self._next, self._next + 1
            try:
                failure = self._run_child(index)
            except FailureEventException as error:
                name, cause = error.extract_error_cause_pair() or (None, None)
                failure = Failure(index, name or "States.Runtime", cause or "")
            except Exception as error:
                failure = Failure(index, "States.Runtime", f"{type(error).__name__}: {error}")
            self._count(failure)

    def _run_child(self, index: int) -> Failure | None:
        child = self._open_child(index)
        try:
            self._program.eval(child)
        finally:
            with self._lock:
                self._children.discard(child)
            self._env.delete_frame(child)
        state = child.program_state()
        if isinstance(state, ProgramError):
            error = state.error or {}
            return Failure(index, error.get("error", ""), error.get("cause", ""))
        if not isinstance(state, ProgramEnded):
            return Failure(index, "States.Runtime", "The child execution was stopped.")
        with self._lock:
            self._results[index] = child.states.get_input()
        return None

    def _open_child(self, index: int) -> Environment:
        # The selector sees the map state's own input and variables, the child only its item.
        item = MapData(Item=ItemData(Index=index, Value=self._items[index]))
        value = self._items[index]
        if self._selector:
            frame = self._env.open_inner_frame()
            try:
                frame.states.reset(input_value=self._env.states.get_input())
                frame.states.context_object.context_object_data["Map"] = item
                self._selector.eval(frame)
                value = frame.stack.pop()
            finally:
                self._env.delete_frame(frame)
        with self._env._state_mutex:
            child = Environment.as_inner_frame_of(self._env, variable_store=VariableStore())
            self._env._frames.append(child)
        child.states.context_object.context_object_data["Map"] = item
        child.states.reset(input_value=value)
        with self._lock:
            self._children.add(child)
        return child

    def _count(self, failure: Failure | None) -> None:
        for counter in (self._record.item_counter, self._record.execution_counter):
            (counter.failed if failure else counter.succeeded).count()
        if failure is None:
            return
        with self._lock:
            self._failures.append(failure)
            children = list(self._children) if self._exceeded() else []
        for child in children:
            child.set_stop(stop_date=datetime.datetime.now(tz=datetime.UTC), cause=None, error=None)

    def _exceeded(self) -> bool:
        failed = len(self._failures)
        if not failed:
            return False
        if not self._tolerated_count and not self._tolerated_percentage:
            return True
        too_many = bool(self._tolerated_count) and failed > self._tolerated_count
        share = 100.0 * failed / len(self._items)
        return too_many or (bool(self._tolerated_percentage) and share > self._tolerated_percentage)

    def _threshold_exceeded(self) -> FailureEventException:
        first = self._failures[0]
        name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
        # AWS gives the first sentence only; the rest is found in the console's map run, which a
        # laptop does not have.
        cause = (
            "The specified tolerated failure threshold was exceeded. "
            f"{len(self._failures)} of {len(self._items)} items failed, "
            f"the first was item {first.index}: {first.error}: {first.cause}"
        )
        return FailureEventException(
            FailureEvent(
                env=self._env,
                error_name=name,
                event_type=HistoryEventType.TaskFailed,
                event_details=EventDetails(
                    taskFailedEventDetails=TaskFailedEventDetails(
                        error=name.error_name, cause=cause
                    )
                ),
            )
        )
