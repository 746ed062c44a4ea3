"""Scratch directories of servers, a run's each; a lock says whether its server lives."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

DECISIONS = "permissions.jsonl"  # in a run's scratch directory: what IAM has decided, by line
LOCK = "lock"  # in a run's scratch directory, locked as long as its server lives


def remove_dead_runs(runs: Path) -> None:
    """Scratch directories of servers that were killed before they could clean up."""
    for run in runs.glob("*"):
        if not lock_is_held(run):
            shutil.rmtree(run, ignore_errors=True)


def lock_is_held(run: Path) -> bool:
    """Whether the server of that scratch directory lives."""
    try:
        with (run / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
