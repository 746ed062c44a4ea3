"""What a process has taken at its peak."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mb() -> float:
    """Resident memory of this process. `getrusage` would count that of the parent before the
    process became this program."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if not found:
        raise RuntimeError("the system does not tell a process's peak memory (VmHWM)")
    return round(int(found[1]) / 1024, 1)
