"""Starting, stopping and ending executions as AWS does."""

from __future__ import annotations

import datetime
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import InvalidName
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from local.runtime import patch
from local.runtime.runtime import Runtime
from local.stepfunctions import limits
from local.stepfunctions.map_runs import child_of, page

_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_STARTING = threading.Lock()
_START_SECONDS = 30.0


def install(runtime: Runtime) -> None:
    _name_errors()
    patch.replace(StepFunctionsParserBackend, "start_execution", _start_execution)
    patch.replace(Execution, "stop", lambda _original: _stop)
    patch.replace(StepFunctionResponse, "stop_execution", lambda _original: _stop_execution)
    patch.replace(StepFunctionResponse, "send_task_failure", lambda _original: _send_task_failure)
    patch.replace(StepFunctionResponse, "get_execution_history", _get_execution_history)
    patch.replace(StepFunctionResponse, "describe_execution", _describe_execution)
    patch.replace(BaseExecutionWorkerCommunication, "terminated", _terminated)
    patch.replace(ExecutionWorker, "_execution_logic", _execution_logic)


def _name_errors() -> None:
    """moto: the errors of its interpreter reach clients without a code. AWS: with their names."""
    errors: list[Any] = [item for item in vars(api).values() if isinstance(item, type)]
    for error in errors:
        if issubclass(error, AWSError) and isinstance(error.code, str):
            error.TYPE = error.code


def _start_execution(original: Callable[..., Execution]) -> Callable[..., Execution]:
    """moto: an execution without a name is called "None" (so a second one exists already), names
    are not checked, and two concurrent starts under one name both succeed. AWS: a UUID,
    InvalidName, and one execution; the same name and input while it runs returns it, otherwise
    ExecutionAlreadyExists (that much moto does)."""

    def start_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Execution:
        if name is not None and not _NAME.fullmatch(name):
            raise InvalidName(f"Invalid Name: '{name}'")
        limits.check_input(execution_input or "")
        with _STARTING:
            return original(
                self, state_machine_arn, name or str(uuid.uuid4()), execution_input, trace_header
            )

    return start_execution


def _stop(
    self: Execution, stop_date: datetime.datetime, error: str | None, cause: str | None
) -> None:
    """moto: an execution stays RUNNING until its current state is over (a Lambda function may take
    minutes), and stopping one that has not parsed its definition yet is an internal error. AWS:
    ABORTED at once."""
    worker = self.exec_worker
    if worker is None or self.exec_status != ExecutionStatus.RUNNING:
        return
    deadline = time.monotonic() + _START_SECONDS
    while worker.env is None or worker.env.program_state() is None:
        if self.exec_status != ExecutionStatus.RUNNING or time.monotonic() > deadline:
            return
        time.sleep(0.01)
    worker.stop(stop_date=stop_date, error=error, cause=cause)
    self.exec_status = ExecutionStatus.ABORTED
    self.stop_date = stop_date
    self.error, self.cause = error or None, cause or None


def _stop_execution(self: StepFunctionResponse) -> ActionResult:
    """moto: drops StopExecution's `error` and `cause`. AWS: DescribeExecution shows them."""
    arn = self._get_param("executionArn")
    execution = self.stepfunction_backend.describe_execution(arn)
    execution.stop(
        stop_date=datetime.datetime.now(tz=datetime.UTC),
        error=self._get_param("error"),
        cause=self._get_param("cause"),
    )
    return ActionResult({"stopDate": execution.stop_date})


def _send_task_failure(self: StepFunctionResponse) -> ActionResult:
    """moto: drops SendTaskFailure's `cause`. AWS: the execution's Catch sees it."""
    backend: Any = self.stepfunction_backend
    backend.send_task_failure(
        self._get_param("taskToken"), self._get_param("error"), self._get_param("cause")
    )
    return ActionResult({})


def _describe_execution(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    """moto: no `stopDate` for a timed out execution, and `includedData` is ignored. AWS: a date
    whenever it is over, and METADATA_ONLY leaves input and output out."""

    def describe_execution(self: StepFunctionResponse) -> ActionResult:
        arn = self._get_param("executionArn")
        if child := child_of(self.stepfunction_backend, arn):
            result = ActionResult(child.description())
        else:
            execution = self.stepfunction_backend.describe_execution(arn)
            result = original(self)
            if execution.stop_date is not None:
                result.result["stopDate"] = execution.stop_date
        if self._get_param("includedData") == "METADATA_ONLY":
            for name in ("input", "inputDetails", "output", "outputDetails"):
                result.result.pop(name, None)
        return result

    return describe_execution


def _get_execution_history(
    original: Callable[[Any], ActionResult],
) -> Callable[[Any], ActionResult]:
    """moto: always the whole history, oldest first. AWS: `reverseOrder`, pages of `maxResults`;
    children of a map run have histories of their own."""

    def get_execution_history(self: StepFunctionResponse) -> ActionResult:
        if child := child_of(self.stepfunction_backend, self._get_param("executionArn")):
            events = child.events.get_event_history()
        else:
            events = list(original(self).result["events"])
        if self._get_param("reverseOrder"):
            events.reverse()
        size = self._get_param("maxResults") or 1000
        return page(events, "events", size, self._get_param("nextToken"))

    return get_execution_history


def _terminated(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """moto: an output that is a string is shown without its quotes, which is no JSON. AWS: JSON."""

    def terminated(self: BaseExecutionWorkerCommunication) -> None:
        execution = self.execution
        if execution.exec_status == ExecutionStatus.ABORTED:
            return
        original(self)
        if execution.exec_status == ExecutionStatus.SUCCEEDED:
            execution.output = json.dumps(execution.output, separators=(",", ":"), default=str)

    return terminated


def _execution_logic(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """moto: an error of the interpreter itself ends its thread and the execution is RUNNING for
    ever. Here: FAILED with States.Runtime, saying what happened."""

    def execution_logic(self: ExecutionWorker) -> None:
        try:
            original(self)
        except Exception as error:
            execution = self._execution_communication.execution
            execution.exec_status = ExecutionStatus.FAILED
            execution.stop_date = datetime.datetime.now(tz=datetime.UTC)
            execution.error = "States.Runtime"
            execution.cause = f"{type(error).__name__}: {error}"

    return execution_logic
