"""Log streams batch what is written to them."""

from __future__ import annotations

from typing import Any

import pytest

from local.runtime import logs
from local.runtime.logs import LogStream


class Exists(Exception):
    pass


class FakeLogs:
    """As much of CloudWatch Logs as a stream needs."""

    class exceptions:
        ResourceAlreadyExistsException = Exists

    def __init__(self) -> None:
        self.groups: list[str] = []
        self.batches: list[list[dict[str, Any]]] = []

    def create_log_group(self, logGroupName: str) -> None:
        if logGroupName in self.groups:
            raise Exists
        self.groups.append(logGroupName)

    def create_log_stream(self, logGroupName: str, logStreamName: str) -> None:
        pass

    def put_log_events(
        self, logGroupName: str, logStreamName: str, logEvents: list[dict[str, Any]]
    ) -> None:
        self.batches.append(logEvents)


class FakeRuntime:
    def __init__(self) -> None:
        self.logs = FakeLogs()

    def client(self, service: str) -> FakeLogs:
        return self.logs


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    monkeypatch.setattr(logs, "_flush_in_background", lambda stream: None)
    return FakeRuntime()


def stream(runtime: Any) -> LogStream:
    return LogStream(runtime.client("logs"), "/aws/lambda/f", "s")


def test_lines_are_sent_together_in_order_of_time(runtime: FakeRuntime) -> None:
    target = stream(runtime)
    target.write("second", timestamp=2.0)
    target.write("first", timestamp=1.0)

    target.flush()

    assert runtime.logs.batches == [
        [{"timestamp": 1000, "message": "first"}, {"timestamp": 2000, "message": "second"}]
    ]


def test_nothing_written_sends_nothing(runtime: FakeRuntime) -> None:
    stream(runtime).flush()

    assert runtime.logs.batches == []
    assert runtime.logs.groups == []


def test_a_group_that_exists_is_used(runtime: FakeRuntime) -> None:
    runtime.logs.groups.append("/aws/lambda/f")
    target = stream(runtime)
    target.write("x")

    target.flush()

    assert len(runtime.logs.batches) == 1


def test_batches_keep_within_what_the_api_takes(runtime: FakeRuntime) -> None:
    target = stream(runtime)
    for _ in range(12):
        target.write("ä" * 100_000)

    target.flush()

    sizes = [sum(len(e["message"].encode()) + 26 for e in b) for b in runtime.logs.batches]
    assert max(sizes) <= 1_048_576
    assert sum(len(batch) for batch in runtime.logs.batches) == 12


def test_an_empty_line_stays_a_line(runtime: FakeRuntime) -> None:
    target = stream(runtime)
    target.write("")

    target.flush()

    assert runtime.logs.batches[0][0]["message"] == " "


def test_a_line_beyond_the_limit_is_cut(runtime: FakeRuntime) -> None:
    target = stream(runtime)
    target.write("x" * 400_000)

    target.flush()

    assert len(runtime.logs.batches[0][0]["message"]) == 250_000
