"""What functions, machines, training jobs and endpoints have logged, read as anybody could."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from local.laptop.client import LOG, Laptop
from local.runtime.failures import Failure

_OF_A_STREAM = 1000  # events that are read of each, at most: the last
_STREAMS = 50  # of a group, those written last


class NoLog(Failure):
    """Nothing of that name has logged; says what has."""


def show(laptop: Laptop, console: Console) -> None:
    """The groups, and the runtime's own log."""
    for group in _groups(laptop):
        console.print(Text(group), soft_wrap=True)
    console.print(Text(f"the runtime's own: {laptop.state / LOG}", "dim"), soft_wrap=True)


def tail(laptop: Laptop, name: str, lines: int, console: Console) -> None:
    """The last lines of all groups and streams whose names hold that word. Raises NoLog."""
    events: list[tuple[int, str]] = []
    found = False
    for group in _groups(laptop):
        for stream in _streams(laptop, group):
            if _plain(name) in _plain(f"{group}/{stream}"):
                found = True
                events += _events(laptop, group, stream)
    if not found:
        raise NoLog(f"nothing called {name!r} has logged; there are {', '.join(_groups(laptop))}")
    for moment, message in sorted(events, key=lambda event: event[0])[-max(lines, 0) :]:
        time = datetime.datetime.fromtimestamp(moment / 1000, datetime.UTC).astimezone()
        console.print(Text(f"{time:%H:%M:%S} {message.rstrip()}"), soft_wrap=True)


def _groups(laptop: Laptop) -> list[str]:
    pages = laptop.client("logs").get_paginator("describe_log_groups").paginate()
    return sorted(group["logGroupName"] for page in pages for group in page["logGroups"])


def _streams(laptop: Laptop, group: str) -> Iterator[str]:
    found = laptop.client("logs").describe_log_streams(
        logGroupName=group, orderBy="LastEventTime", descending=True, limit=_STREAMS
    )
    yield from (stream["logStreamName"] for stream in found["logStreams"])


def _events(laptop: Laptop, group: str, stream: str) -> Iterator[tuple[int, str]]:
    found: list[dict[str, Any]] = laptop.client("logs").get_log_events(
        logGroupName=group, logStreamName=stream, limit=_OF_A_STREAM, startFromHead=False
    )["events"]
    yield from ((event["timestamp"], event["message"]) for event in found)


def _plain(name: str) -> str:
    """`plan_dataset`, `plan-dataset` and `PlanDataset` are one."""
    return name.lower().replace("_", "").replace("-", "")
