"""What is said of a machine, fit or not."""

from __future__ import annotations

import io
import shutil
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from local.laptop import doctor


def told(root: Path, state: Path) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    status = doctor.show(doctor.examine(root, state, "sono"), console)
    assert isinstance(console.file, io.StringIO)
    return status, console.file.getvalue()


def test_this_machine_is_fit(root: Path, tmp_path: Path) -> None:
    status, said = told(root, tmp_path / "state")

    assert status == 0
    for what in ("Python", "system", "set-up", "disk", "memory", "runtime"):
        assert what in said


def test_what_is_missing_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("-c constraints.txt\nno-such-package==1\n")
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**8))
    monkeypatch.setattr(doctor, "_MEMORY_BYTES", 10**15)

    status, said = told(tmp_path, tmp_path / "state")

    assert status == 1
    assert "3.11 to 3.13 is needed" in said
    assert "no-such-package is not installed" in said
    assert "make setup" in said
    assert "make room, or use --state on another disk" in said
    assert "close other programs" in said


def test_a_port_that_is_taken_keeps_nothing_from_running(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(doctor, "_PORT", taken.getsockname()[1])

        status, said = told(root, tmp_path / "state")

    assert status == 0
    assert "sono up takes another port by itself" in said
