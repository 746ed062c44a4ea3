"""Starts a training script again, once for each GPU of the instance, and waits for all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

POLL_SECONDS = 0.1
GRACE_SECONDS = 30.0  # for the others, once one has failed


class Launcher:
    """The processes of one host. SIGTERM is handed on to them."""

    def __init__(self, command: Sequence[str], processes: int) -> None:
        devices = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(processes)))
        self.stopping = False
        self.children = [
            subprocess.Popen(command, env=os.environ | _place(rank, processes, devices.split(",")))
            for rank in range(processes)
        ]

    def wait(self) -> int:
        """0, or the exit status of the first process that failed, when all have ended."""
        before = signal.signal(signal.SIGTERM, self._hand_on)
        try:
            while True:
                codes = [child.poll() for child in self.children]
                failed = next((code for code in codes if code), 0)
                if None not in codes:
                    return _status(failed)
                if failed and not self.stopping:
                    self._end()
                    return _status(failed)
                time.sleep(POLL_SECONDS)
        finally:
            signal.signal(signal.SIGTERM, before)

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
        self._signal()

    def _signal(self) -> None:
        for child in self.children:
            child.send_signal(signal.SIGTERM)  # does nothing to one that is known to have ended

    def _end(self) -> None:
        self._signal()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children:
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def launch(processes: int) -> int:
    """Runs this very script, with its arguments; returns as `Launcher.wait` does."""
    print(f"starting {processes} processes on this host", flush=True)
    return Launcher([sys.executable, *sys.orig_argv[1:]], processes).wait()


def _place(rank: int, processes: int, devices: Sequence[str]) -> dict[str, str]:
    """Each sees its own GPU alone, so that nothing else must know that there are more."""
    return {
        "LOCAL_RANK": str(rank),
        "LOCAL_WORLD_SIZE": str(processes),
        "CUDA_VISIBLE_DEVICES": devices[rank],
    }


def _status(code: int) -> int:
    """As shells report it: 128 and the signal's number."""
    return 128 - code if code < 0 else code
