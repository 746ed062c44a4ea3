"""What stands for a script with a GPU each: small programs that tell of themselves."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from sonomodel.processes.launcher import Launcher

REPORT = """
import os, pathlib, sys
names = ("LOCAL_RANK", "LOCAL_WORLD_SIZE", "CUDA_VISIBLE_DEVICES")
path = pathlib.Path(sys.argv[1], os.environ["LOCAL_RANK"])
path.write_text(" ".join(os.environ[name] for name in names))
"""
SECOND_FAILS = """
import os, sys, time
if os.environ["LOCAL_RANK"] == "1":
    sys.exit(3)
time.sleep(60)
"""
SAVES = """
import pathlib, signal, sys, time
def save(number, frame):
    time.sleep(0.3)
    pathlib.Path(sys.argv[1], "saved" + __import__("os").environ["LOCAL_RANK"]).touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
pathlib.Path(sys.argv[1], "ready" + __import__("os").environ["LOCAL_RANK"]).touch()
time.sleep(60)
"""


def launcher(program: str, folder: Path) -> Launcher:
    return Launcher([sys.executable, "-S", "-c", program, str(folder)], processes=2)


def test_each_process_has_a_rank_and_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")

    assert launcher(REPORT, tmp_path).wait() == 0

    assert (tmp_path / "0").read_text() == "0 2 4"
    assert (tmp_path / "1").read_text() == "1 2 6"


def test_when_one_fails_the_others_end(tmp_path: Path) -> None:
    started = time.monotonic()
    subject = launcher(SECOND_FAILS, tmp_path)

    assert subject.wait() == 3

    assert time.monotonic() - started < 20
    assert all(child.poll() is not None for child in subject.children)


def test_sigterm_is_handed_on_and_waited_for(tmp_path: Path) -> None:
    subject = launcher(SAVES, tmp_path)

    def tell() -> None:
        while len(list(tmp_path.glob("ready*"))) < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=tell, daemon=True).start()

    assert subject.wait() == 143
    assert len(list(tmp_path.glob("saved*"))) == 2
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
