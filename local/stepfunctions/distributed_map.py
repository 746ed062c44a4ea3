"""Distributed Map: failures count, tolerance decides, and stopping stops the children."""

from __future__ import annotations

import threading
from typing import Any

from moto.stepfunctions.parser.api import (
    ExecutionStatus,
    HistoryEventType,
    TaskFailedEventDetails,
)
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
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData

from local.iam.authority import Refused, require
from local.iam.principals import Session
from local.runtime import patch
from local.runtime.runtime import Runtime
from local.stepfunctions.child_executions import Child, ChildEnvironment
from local.stepfunctions.map_runs import children_of

# AWS runs up to 10,000 children; here each is a thread beside real functions and jobs.
_MOST_CHILDREN = 16
_THRESHOLD = "The specified tolerated failure threshold was exceeded"


def install(runtime: Runtime) -> None:
    """moto: a failed child's result becomes null and the map succeeds, whatever was tolerated; its
    workers recurse once per item, and children see the variables around the map. AWS: the map
    fails with States.ExceedToleratedFailureThreshold once failures exceed what is tolerated,
    results are those of the children that succeeded, and outer variables do not exist inside."""

    def _map_run(
        self: component.DistributedIterationComponent,
        env: Environment,
        eval_input: component.DistributedIterationComponentEvalInput,
    ) -> None:
        items: list[Any] = env.stack.pop()
        run = MapRun(runtime, env, self._get_iteration_program(), eval_input, items)
        env.stack.append(run.outputs())

    patch.replace(component.DistributedIterationComponent, "_map_run", lambda _original: _map_run)


class MapRun:
    """One run of a distributed map's items through its item processor."""

    def __init__(
        self,
        runtime: Runtime,
        env: Environment,
        program: Program,
        settings: Any,
        items: list[Any],
    ) -> None:
        self._runtime, self._env, self._program, self._items = runtime, env, program, items
        self._selector, self._record = settings.item_selector, settings.map_run_record
        self._tolerated_count = int(settings.tolerated_failure_count or 0)
        self._tolerated_percentage = float(settings.tolerated_failure_percentage or 0)
        self._concurrency = min(
            settings.map_run_record.max_concurrency or _MOST_CHILDREN, _MOST_CHILDREN, len(items)
        )
        self._lock = threading.Lock()
        self._next = 0
        self._failed = 0
        self._broken: Exception | None = None
        self._results: dict[int, Any] = {}
        self._running: set[ChildEnvironment] = set()

    def outputs(self) -> list[Any]:
        """The results of the children in the order of the items. Raises once too many failed."""
        machine = self._env.states.context_object.context_object_data["StateMachine"]["Id"]
        self._require("states:StartExecution", machine)
        self._record.item_counter.total.count(len(self._items))
        threads = [
            threading.Thread(target=self._work, name=f"map-run-{n}", daemon=True)
            for n in range(self._concurrency)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._broken is not None:
            raise self._broken
        if self._exceeded():
            raise self._threshold_exceeded()
        return [self._results[index] for index in sorted(self._results)]

    def _work(self) -> None:
        while (index := self._next_item()) is not None:
            try:
                self._run_child(index, self._selected(index))
            except Exception as error:  # no child's failure: the map's own fields are at fault
                self._broken = error
                return

    def _next_item(self) -> int | None:
        with self._lock:
            over = self._broken is not None or self._exceeded() or not self._env.is_running()
            if over or self._next >= len(self._items):
                return None
            self._next += 1
            return self._next - 1

    def _selected(self, index: int) -> Any:
        """The selector sees the map state's own input and variables, the child only its item."""
        if not self._selector:
            return self._items[index]
        frame = self._env.open_inner_frame()
        try:
            frame.states.reset(input_value=self._env.states.get_input())
            frame.states.context_object.context_object_data["Map"] = MapData(
                Item=ItemData(Index=index, Value=self._items[index])
            )
            self._selector.eval(frame)
            return frame.stack.pop()
        finally:
            self._env.delete_frame(frame)

    def _run_child(self, index: int, value: Any) -> None:
        child = Child.of(self._record, value)
        self._require("states:DescribeExecution", child.arn)
        environment = ChildEnvironment(child, self._env)
        with self._lock:
            children_of(self._record).append(child)
            self._running.add(environment)
            if self._exceeded():  # meanwhile
                environment.stop()
        environment.run(self._program)
        with self._lock:
            self._running.discard(environment)
            if child.status == ExecutionStatus.SUCCEEDED:
                self._results[index] = child.output
            elif child.status == ExecutionStatus.FAILED:
                self._failed += 1
            stopped = list(self._running) if self._exceeded() else []
        for other in stopped:
            other.stop()
            self._require("states:StopExecution", other.arn)

    def _require(self, action: str, resource: str) -> None:
        """What the machine's role must be allowed, which runs its map in its own name:
        https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"""
        role = self._env.states.context_object.context_object_data["Execution"]["RoleArn"]
        try:
            require(self._runtime, Session(role, "StepFunctions"), action, resource)
        except Refused as error:
            name = StatesErrorName(typ=StatesErrorNameType.StatesPermissions)
            raise self._failure(name, str(error)) from error

    def _exceeded(self) -> bool:
        if not self._failed:
            return False
        if not self._tolerated_count and not self._tolerated_percentage:
            return True
        too_many = bool(self._tolerated_count) and self._failed > self._tolerated_count
        share = 100.0 * self._failed / len(self._items)
        return too_many or (bool(self._tolerated_percentage) and share > self._tolerated_percentage)

    def _threshold_exceeded(self) -> FailureEventException:
        """All that AWS says: which child failed, and why, is for who asks for the map run's."""
        name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
        return self._failure(name, _THRESHOLD)

    def _failure(self, name: StatesErrorName, cause: str) -> FailureEventException:
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
