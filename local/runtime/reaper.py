"""Ends child processes when the runtime goes, even when it is killed with SIGKILL.

One small guardian process holds the read end of a pipe whose write end only the runtime holds.
The runtime writes the process group of each child it starts; when the pipe closes, for whatever
reason, the guardian kills the groups that are left. This needs no cooperation from the children,
and unlike PR_SET_PDEATHSIG it is indifferent to which thread started them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

_GUARDIAN = """
import os, signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
groups = set()
for line in sys.stdin:
    sign, group = line[0], int(line[1:])
    groups.add(group) if sign == "+" else groups.discard(group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class RuntimeEnds(Exception):
    """The runtime is being shut down: nothing is started any more."""


class Reaper:
    """Starts children in process groups of their own and sees to their end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARDIAN],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """`subprocess.Popen(command, **options)` in a session of its own, watched from birth.

        Raises RuntimeEnds after `close`: a thread that restarts what died, or a job that has just
        finished its download, may come here while the runtime ends its children.
        """
        with self._lock:
            if self._guardian.stdin is None or self._guardian.stdin.closed:
                raise RuntimeEnds("The laptop runtime is being shut down.")
            process = subprocess.Popen(list(command), start_new_session=True, **options)
            self._groups.add(process.pid)
            self._tell("+", process.pid)
        threading.Thread(target=self._forget, args=(process,), daemon=True).start()
        return process

    def kill(self, process: subprocess.Popen[Any], *, grace: float = 0.0) -> None:
        """End a child and what it started: SIGTERM and `grace` seconds first where asked."""
        if grace:
            _signal_group(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace)
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """Kill every child that is left, then let the guardian end."""
        with self._lock:
            for group in self._groups:
                _signal_group(group, signal.SIGKILL)
            if self._guardian.stdin and not self._guardian.stdin.closed:
                self._guardian.stdin.close()
        self._guardian.wait(10)

    def _forget(self, process: subprocess.Popen[Any]) -> None:
        process.wait()
        _signal_group(process.pid, signal.SIGKILL)  # grandchildren that outlived it
        with self._lock:
            self._groups.discard(process.pid)
            self._tell("-", process.pid)

    def _tell(self, sign: str, group: int) -> None:
        if self._guardian.stdin and not self._guardian.stdin.closed:
            self._guardian.stdin.write(f"{sign}{group}\n")
            self._guardian.stdin.flush()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
