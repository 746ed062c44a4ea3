"""What the runtime's own threads have to say, in runtime.log."""

from __future__ import annotations

import contextlib


def say(line: str) -> None:
    """Print a line, or not where the log cannot be written: its disk may be full, and the thread
    that tells of it has more to do than to tell."""
    with contextlib.suppress(OSError):
        print(line, flush=True)
