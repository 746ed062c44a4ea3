from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.runtime.reaper import Reaper, RuntimeEnds

SLEEP = ["sleep", "60"]
PARENT = """
import sys, time
from local.runtime.reaper import Reaper
reaper = Reaper()
print(reaper.start(["sleep", "60"]).pid, flush=True)
time.sleep(60)
"""


def test_a_child_ends_with_the_reaper() -> None:
    reaper = Reaper()
    process = reaper.start(SLEEP)
    assert process.poll() is None

    reaper.close()

    assert process.wait(5) == -signal.SIGKILL


def test_nothing_is_started_once_the_reaper_is_closed(tmp_path: Path) -> None:
    reaper = Reaper()
    reaper.close()

    with pytest.raises(RuntimeEnds):
        reaper.start(["touch", str(tmp_path / "started")])

    assert not (tmp_path / "started").exists()


def test_a_child_ends_when_its_parent_is_killed(root: Path) -> None:
    """SIGKILL leaves the parent no chance to clean up: the guardian does."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    os.kill(child, 0)

    parent.kill()
    parent.wait()
    parent.stdout.close()

    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_kill_gives_time_to_end_where_asked() -> None:
    reaper = Reaper()
    script = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    process = reaper.start(["sh", "-c", script], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()

    reaper.kill(process, grace=5)

    assert process.returncode == 3
    process.stdout.close()
    reaper.close()
