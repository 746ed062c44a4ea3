"""What a worker process prints, split into log events and attributed to its invocation."""

from __future__ import annotations

import array
import fcntl
import os
import select
import subprocess
import termios
import threading
import time
from typing import Any

from local.runtime.logs import LogStream

_TAIL_BYTES = 4096  # of LogResult, as on AWS
_DRAIN_SECONDS = 1.0


class Output:
    """Reads a worker's pipe in a thread and writes it to the function's log stream."""

    def __init__(self, process: subprocess.Popen[Any], stream: LogStream) -> None:
        if process.stdout is None:
            raise ValueError("the worker was started without a pipe for its output")
        self._pipe = process.stdout
        self._stream = stream
        self._lock = threading.Lock()  # held from reading the pipe until the lines are written
        self._partial = b""
        self._tail: list[str] = []
        threading.Thread(target=self._pump, name="lambda-output", daemon=True).start()

    def begin(self) -> None:
        """Start a new invocation's tail."""
        with self._lock:
            self._tail = []

    def write(self, line: str) -> None:
        """Add a line of the platform's own (START, REPORT …)."""
        self._tail.append(line)
        self._stream.write(line)

    def drain(self) -> None:
        """Return when all that the worker printed so far has been written.

        A worker prints before it answers, so once the answer is here the pipe holds the rest.
        """
        deadline = time.monotonic() + _DRAIN_SECONDS
        while time.monotonic() < deadline:
            with self._lock:
                if self._pipe.closed or _unread(self._pipe.fileno()) == 0:
                    self._split(b"\n" if self._partial else b"")
                    return
            time.sleep(0.001)

    def tail(self) -> bytes:
        """The last 4 KB of the invocation's log."""
        return "".join(f"{line}\n" for line in self._tail).encode()[-_TAIL_BYTES:]

    def close(self) -> None:
        self.drain()
        self._stream.flush()

    def _pump(self) -> None:
        poll = select.poll()
        poll.register(self._pipe.fileno(), select.POLLIN | select.POLLHUP)
        while True:
            poll.poll()
            with self._lock:
                data = os.read(self._pipe.fileno(), 1 << 16)
                if not data:
                    self._split(b"\n" if self._partial else b"")
                    self._pipe.close()
                    return
                self._split(data)

    def _split(self, data: bytes) -> None:
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self.write(line.decode("utf-8", "replace"))


def _unread(descriptor: int) -> int:
    size = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, size)
    return size[0]
