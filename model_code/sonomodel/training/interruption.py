"""SIGTERM, noted while training runs: the platform's word that the machine is about to go.

The handler only takes a note; the loop looks at it between two steps, where a checkpoint can be
written. A second SIGTERM ends the process at once. SageMaker follows up with SIGKILL after 120 s.
Its training toolkit (5.1.4) does not hand the signal on to the script, so there the checkpoint of
the last full epoch is what a job goes on from.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

EXIT_CODE = 128 + signal.SIGTERM  # as shells report it: a job that was stopped made no model


class Interruption:
    """A context manager; outside of it SIGTERM does what it did before."""

    def __init__(self) -> None:
        self.requested = False
        self._previous: Any = None

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():  # others cannot set handlers
            self._previous = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGTERM, self._previous)
            self._previous = None
