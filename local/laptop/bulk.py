"""A zip or manifest of the inbox, from the upload to its summary, seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.laptop import uploads
from local.laptop.client import Laptop
from local.laptop.progress import RUNNING
from local.laptop.uploads import DropFailed
from local.laptop.waiting import looks
from sonoflow import keys
from sonoflow.keys import Bulk

_START_SECONDS = 120.0
_DAYS = 30 * 86400.0  # as long as an execution may take
_LISTED = 20
MACHINE = "AnswerBulkStateMachineArn"


def await_summary(laptop: Laptop, key: str, version: str, console: Console) -> Mapping[str, Any]:
    """Waits for the summary of that version, prints and returns it, telling how far it is. Raises
    DropFailed if it was rejected, or where images are left without an answer."""
    if MACHINE not in laptop.outputs:
        raise DropFailed(f"the stack at {laptop.endpoint_url} has no output {MACHINE}")
    path, run = keys.inbox_path(key), Bulk(key, version).run
    say = _sayer(console)
    with console.status(f"waiting for {path}"):
        for _ in looks(f"a run of {path}", laptop.state, _START_SECONDS, say):
            _check_rejection(laptop, path, version)
            if _execution(laptop, run):
                break
        else:
            raise DropFailed(f"{path}: no run within {_START_SECONDS:.0f} seconds")
        console.print(Text(f"run {run}", "dim"), soft_wrap=True)
        for _ in looks(f"the summary of {path}", laptop.state, _DAYS, say):
            found = _execution(laptop, run)
            if found is not None and found["status"] != RUNNING:
                return _show(laptop, path, version, found, console)
    raise DropFailed(f"{path}: no summary within {_DAYS / 86400:.0f} days")


def _check_rejection(laptop: Laptop, path: str, version: str) -> None:
    results = laptop.outputs["ResultsBucketName"]
    found = uploads.find_json(laptop, results, keys.rejection(path))
    if found and found["image"]["version_id"] == version:
        raise DropFailed(f"{path} was rejected: {found['reason']}: {found['detail']}")


def _execution(laptop: Laptop, run: str) -> Mapping[str, Any] | None:
    machine = laptop.outputs[MACHINE]
    states = laptop.client("stepfunctions")
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{run}"
    try:
        found: Mapping[str, Any] = states.describe_execution(executionArn=arn)
    except states.exceptions.ExecutionDoesNotExist:
        return None
    return found


def _show(
    laptop: Laptop, path: str, version: str, execution: Mapping[str, Any], console: Console
) -> Mapping[str, Any]:
    results = laptop.outputs["ResultsBucketName"]
    summary = uploads.find_json(laptop, results, keys.bulk(path))
    if summary is None or summary["upload"]["version_id"] != version:
        told = execution.get("cause") or "it was deleted or replaced"
        status = execution["status"].lower()
        raise DropFailed(f"{path}: the run {execution['name']} {status}: {told}")
    table = Table(title=path)
    for name in ("", "images"):
        table.add_column(name, justify="right" if name else "left")
    for kind in ("counts", "labels", "actions", "reasons"):
        for name, count in summary[kind].items():
            if count:
                table.add_row(Text(name), str(count))
        table.add_section()
    console.print(table)
    for failure in summary["failures"][:_LISTED]:
        line = f"{failure['outcome']} {failure['path']}: {failure['reason']}: {failure['detail']}"
        console.print(Text(line, "yellow"), soft_wrap=True)
    if (more := len(summary["failures"]) - _LISTED) > 0:
        console.print(Text(f"and {more} more", "yellow"))
    console.print(f"s3://{results}/{summary['rows']['csv']}", soft_wrap=True)
    if failed := summary["counts"]["failed"]:
        raise DropFailed(f"{path}: {failed} images are not answered yet; a sweep goes on with them")
    return summary


def _sayer(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(Text(line, "dim"), soft_wrap=True)
