"""Logs, found by a part of their names."""

from __future__ import annotations

import io
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from local.laptop import log_groups
from sonoflow.aws.clients import client


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def laptop(aws: None, tmp_path: Path) -> Any:
    logs, now = client("logs"), int(time.time() * 1000)
    for group, stream, messages in (
        ("/aws/lambda/sonoflow-PlanDatasetFunction-1", "a", ["one", "two", "three"]),
        ("/aws/sagemaker/TrainingJobs", "sonoflow-classifier-1/algo-1", ["[epoch] 1"]),
    ):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": now + n, "message": text} for n, text in enumerate(messages)]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    return cast(Any, SimpleNamespace(client=client, state=tmp_path))


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_last_lines_of_a_function(laptop: Any, console: Console) -> None:
    log_groups.tail(laptop, "plan_dataset", 2, console)

    assert [line.split(" ", 1)[1] for line in said(console).splitlines()] == ["two", "three"]


def test_a_job_is_found_by_its_stream(laptop: Any, console: Console) -> None:
    log_groups.tail(laptop, "classifier", 9, console)

    assert "[epoch] 1" in said(console)


def test_what_has_not_logged_is_said_with_what_has(laptop: Any, console: Console) -> None:
    with pytest.raises(log_groups.NoLog, match=r"'nobody' has logged; there are /aws/lambda"):
        log_groups.tail(laptop, "nobody", 9, console)

    log_groups.show(laptop, console)
    assert "/aws/sagemaker/TrainingJobs\n" in said(console)
    assert str(laptop.state / "runtime.log") in said(console)
