"""What a worker's processes take of memory and of /tmp, read from /proc: nothing where there is
none, as on macOS."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_KB = 1024


class Usage:
    """Of a process and its descendants, and of the folder that stands for /tmp."""

    def __init__(self, pid: int, tmp: Path) -> None:
        self._pid, self._tmp = pid, tmp
        self._peak = 0

    def memory(self) -> int:
        """Bytes that are resident now."""
        pids = list(_descendants(self._pid))
        if len(pids) == 1:
            now = _field(self._pid, "status", "VmRSS")
        else:  # what a fork shares with its parent is there once
            now = sum(_field(pid, "smaps_rollup", "Pss") for pid in pids)
        self._peak = max(self._peak, now)
        return now

    def peak(self) -> int:
        """Bytes that were resident at most, whenever that was: no allocation is too short."""
        self._peak = max(self._peak, _field(self._pid, "status", "VmHWM"))
        return self._peak

    def storage(self) -> int:
        """Bytes of /tmp, files that were deleted and are still open included."""
        total = 0
        for folder, _, names in os.walk(self._tmp):
            total += sum(_bytes(Path(folder) / name) for name in names)
        for pid in _descendants(self._pid):
            with contextlib.suppress(OSError):
                for link in Path(f"/proc/{pid}/fd").iterdir():
                    total += _bytes(link, follow=True) if self._is_deleted(link) else 0
        return total

    def _is_deleted(self, link: Path) -> bool:
        with contextlib.suppress(OSError):
            target = str(link.readlink())
            return target.startswith(f"{self._tmp}/") and target.endswith(" (deleted)")
        return False


def _descendants(pid: int) -> Iterator[int]:
    """The process itself first."""
    yield pid
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _descendants(int(child))


def _field(pid: int, file: str, name: str) -> int:
    """Bytes of a field of /proc that is given in kB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * _KB
    return 0


def _bytes(path: Path, *, follow: bool = False) -> int:
    """What a file takes on the disk, which of a sparse one is little."""
    with contextlib.suppress(OSError):
        return path.stat(follow_symlinks=follow).st_blocks * 512
    return 0
