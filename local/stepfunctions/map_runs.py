"""Map runs and their child executions, as Step Functions lists and describes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ResourceNotFound, ValidationException
from moto.stepfunctions.parser.api import ExecutionStatus, MapRunStatus
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record import (  # noqa: E501
    MapRunRecord,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from local.runtime import patch
from local.runtime.runtime import Runtime
from local.stepfunctions.child_executions import Child

_PAGE = 100


def install(runtime: Runtime) -> None:
    patch.replace(StepFunctionResponse, "list_map_runs", lambda _original: _list_map_runs)
    patch.replace(StepFunctionResponse, "describe_map_run", lambda _original: _describe_map_run)
    patch.replace(StepFunctionResponse, "list_executions", _list_executions)


def children_of(record: MapRunRecord) -> list[Child]:
    """The executions that a map run has started so far."""
    children: list[Child] = vars(record).setdefault("children", [])
    return children


def child_of(backend: StepFunctionsParserBackend, arn: str) -> Child | None:
    """The child execution of that name, if it is one."""
    if "/" not in arn:
        return None
    found = (one for record in _records(backend) for one in children_of(record) if one.arn == arn)
    return next(found, None)


def page(items: Iterable[Any], name: str, size: Any, token: Any) -> ActionResult:
    """A part of a list, and where the next one begins."""
    items, start = list(items), int(token or 0)
    end = start + int(size or _PAGE)
    result: dict[str, Any] = {name: items[start:end]}
    return ActionResult(result | ({"nextToken": str(end)} if end < len(items) else {}))


def _list_map_runs(self: StepFunctionResponse) -> ActionResult:
    """moto: fails for an execution that has only just begun, and knows no pages."""
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    records = reversed(list(_of_execution(execution)))
    items = (_without_text_dates(record.list_item(), record) for record in records)
    return page(items, "mapRuns", self._get_param("maxResults"), self._get_param("nextToken"))


def _describe_map_run(self: StepFunctionResponse) -> ActionResult:
    """moto: fails while another execution has only just begun, and a map run that was stopped has
    succeeded."""
    record = _record(self.stepfunction_backend, self._get_param("mapRunArn"))
    described = _without_text_dates(record.describe(), record)
    counts = _counts(record)
    if record.status == MapRunStatus.SUCCEEDED and counts["aborted"]:
        described["status"] = MapRunStatus.ABORTED  # with the execution around it
    return ActionResult({**described, "itemCounts": counts, "executionCounts": counts})


def _list_executions(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    """moto: knows no `mapRunArn`. AWS: a state machine's executions or a map run's, those that
    ended last first."""

    def list_executions(self: StepFunctionResponse) -> ActionResult:
        arn = self._get_param("mapRunArn")
        if (arn is None) == (self._get_param("stateMachineArn") is None):
            raise ValidationException("Must specify either stateMachineArn or mapRunArn")
        if arn is None:
            return original(self)
        status = self._get_param("statusFilter")
        children = children_of(_record(self.stepfunction_backend, arn))
        listed = sorted(
            (one for one in list(children) if status in (None, one.status.value)),
            key=lambda one: one.stop_date or one.start_date,
            reverse=True,
        )
        items = ({**one.summary(), "itemCount": 1} for one in listed)
        return page(
            items, "executions", self._get_param("maxResults"), self._get_param("nextToken")
        )

    return list_executions


def _counts(record: MapRunRecord) -> dict[str, int]:
    statuses = Counter(one.status for one in list(children_of(record)))
    total = record.item_counter.total.get()
    return {
        "pending": total - statuses.total(),
        "running": statuses[ExecutionStatus.RUNNING],
        "succeeded": statuses[ExecutionStatus.SUCCEEDED],
        "failed": statuses[ExecutionStatus.FAILED],
        "timedOut": statuses[ExecutionStatus.TIMED_OUT],
        "aborted": statuses[ExecutionStatus.ABORTED],
        "total": total,
        "resultsWritten": 0,
    }


def _record(backend: StepFunctionsParserBackend, arn: str) -> MapRunRecord:
    found = next((record for record in _records(backend) if record.map_run_arn == arn), None)
    if found is None:
        raise ResourceNotFound(arn)
    return found


def _records(backend: StepFunctionsParserBackend) -> Iterator[MapRunRecord]:
    for execution in backend._get_executions():
        yield from _of_execution(execution)


def _of_execution(execution: Any) -> Iterator[MapRunRecord]:
    worker = execution.exec_worker
    if worker is not None and worker.env is not None:
        yield from worker.env.map_run_record_pool_manager.get_all()


def _without_text_dates(item: Any, record: MapRunRecord) -> dict[str, Any]:
    """moto: times as text, which the service's own model says are numbers."""
    dates = {"startDate": record.start_date, "stopDate": record.stop_date}
    return {**item, **{name: date for name, date in dates.items() if date is not None}}
