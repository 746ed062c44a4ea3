"""Waiting for what the runtime does, without leaving its user in the dark."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_SECONDS = 0.25
_FIRST_SECONDS, _NEXT_SECONDS = 5.0, 30.0  # when it is said that the wait goes on
_ROOM_BYTES = 10 * 1000**2  # a function that starts needs some of it, or finds no place


def looks(what: str, state: Path, seconds: float, say: Callable[[str], None]) -> Iterator[None]:
    """A turn each time that it is worth to look again, until the seconds are over.

    `say` is told now and then that the wait for `what` goes on, and of a disk that is full.
    """
    begun = time.monotonic()
    due = _FIRST_SECONDS
    while (waited := time.monotonic() - begun) < seconds:
        yield
        if waited >= due:
            say(f"still waiting for {what} after {waited:.0f} s{_hindrance(state)}")
            due += _NEXT_SECONDS
        time.sleep(POLL_SECONDS)


def _hindrance(state: Path) -> str:
    try:
        free = shutil.disk_usage(state).free
    except OSError as error:
        return f": {state} cannot be looked at: {error.strerror}"
    if free >= _ROOM_BYTES:
        return ""
    return (
        f": the disk of {state} is full, {free / 1000**2:.1f} MB are left, so that functions cannot"
        " start; they do when there is room again"
    )
