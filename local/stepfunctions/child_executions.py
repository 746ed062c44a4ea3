"""The executions that a map run starts: each has a name, a state of its own and a history."""

from __future__ import annotations

import dataclasses
import datetime
import json
import uuid
from typing import Any

from moto.stepfunctions.parser.api import (
    ExecutionAbortedEventDetails,
    ExecutionFailedEventDetails,
    ExecutionStartedEventDetails,
    ExecutionStatus,
    ExecutionSucceededEventDetails,
    HistoryEventExecutionDataDetails,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record import (  # noqa: E501
    MapRunRecord,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import (
    EventHistoryContext,
    EventManager,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.eval.states import ExecutionData, StateMachineData
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from local.stepfunctions import limits

_WHOLE = HistoryEventExecutionDataDetails(truncated=False)


@dataclasses.dataclass(eq=False)
class Child:
    """One item's execution. It is found by its own ARN, like any other."""

    name: str
    arn: str
    state_machine_arn: str
    map_run_arn: str
    input: Any
    start_date: datetime.datetime
    events: EventManager = dataclasses.field(default_factory=EventManager)
    status: ExecutionStatus = ExecutionStatus.RUNNING
    stop_date: datetime.datetime | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None

    @classmethod
    def of(cls, record: MapRunRecord, value: Any) -> Child:
        name, machine = str(uuid.uuid4()), record.map_state_machine_arn
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        return cls(name, arn, machine, record.map_run_arn, value, _now())

    def summary(self) -> dict[str, Any]:
        """As ListExecutions gives it."""
        item: dict[str, Any] = {
            "executionArn": self.arn,
            "stateMachineArn": self.state_machine_arn,
            "mapRunArn": self.map_run_arn,
            "name": self.name,
            "status": self.status.value,
            "startDate": self.start_date,
            "redriveCount": 0,
        }
        return item | ({} if self.stop_date is None else {"stopDate": self.stop_date})

    def description(self) -> dict[str, Any]:
        """As DescribeExecution gives it."""
        item = {**self.summary(), "input": _text(self.input), "inputDetails": {"included": True}}
        if self.status == ExecutionStatus.SUCCEEDED:
            item |= {"output": _text(self.output), "outputDetails": {"included": True}}
        failure = {"error": self.error, "cause": self.cause}
        return item | {name: value for name, value in failure.items() if value is not None}


class ChildEnvironment:
    """Where a child's states are evaluated: it sees nothing of the execution around it."""

    def __init__(self, child: Child, parent: Environment) -> None:
        self._child, self._parent = child, parent
        self.arn = child.arn
        self._history = EventHistoryContext.of_program_start()
        with parent._state_mutex:
            self._env = Environment.as_inner_frame_of(
                parent, variable_store=VariableStore(), event_history_frame_cache=self._history
            )
            parent._frames.append(self._env)
        self._env.event_manager = child.events
        context = self._env.states.context_object.context_object_data
        around = context["Execution"]
        context["Execution"] = ExecutionData(
            Id=child.arn,
            Input=child.input,
            Name=child.name,
            RoleArn=around["RoleArn"],
            StartTime=child.start_date.isoformat(),
        )
        context["StateMachine"] = StateMachineData(
            Id=child.state_machine_arn, Name=child.state_machine_arn.rpartition(":")[2]
        )
        self._env.states.reset(input_value=child.input)

    def run(self, program: Program) -> None:
        """Until the child has ended, or was stopped."""
        self._note(
            HistoryEventType.ExecutionStarted,
            executionStartedEventDetails=ExecutionStartedEventDetails(
                input=_text(self._child.input),
                inputDetails=_WHOLE,
                roleArn=self._env.aws_execution_details.role_arn,
            ),
        )
        try:
            if not limits.fits(self._child.input):
                self._env.set_error(limits.too_large(self._child.name))
            program.eval(self._env)
        except RuntimeError:  # moto begins no program that is over already
            if self._env.is_running():
                raise
        finally:
            self._parent.delete_frame(self._env)
        self._conclude()

    def stop(self) -> None:
        self._env.set_stop(stop_date=_now(), cause=None, error=None)

    def _conclude(self) -> None:
        child, state = self._child, self._env.program_state()
        if isinstance(state, ProgramEnded):
            child.output, status = self._env.states.get_input(), ExecutionStatus.SUCCEEDED
            output = ExecutionSucceededEventDetails(
                output=_text(child.output), outputDetails=_WHOLE
            )
            self._note(HistoryEventType.ExecutionSucceeded, executionSucceededEventDetails=output)
        elif isinstance(state, ProgramError):
            failure = ExecutionFailedEventDetails(**(state.error or {}))
            child.error, child.cause = failure.get("error"), failure.get("cause")
            status = ExecutionStatus.FAILED
            self._note(HistoryEventType.ExecutionFailed, executionFailedEventDetails=failure)
        else:
            status = ExecutionStatus.ABORTED
            self._note(
                HistoryEventType.ExecutionAborted,
                executionAbortedEventDetails=ExecutionAbortedEventDetails(),
            )
        child.stop_date, child.status = _now(), status

    def _note(self, event: HistoryEventType, **details: Any) -> None:
        self._child.events.add_event(self._history, event, EventDetails(**details))


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)
