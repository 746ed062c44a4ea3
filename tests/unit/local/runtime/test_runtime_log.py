from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAY = "from local.runtime.runtime_log import say; say('a'); open(sys.argv[1], 'w').write('went on')"


def say(root: Path, output: Path, left: Path) -> int:
    with output.open("w") as stdout:  # unbuffered, as the server is started
        command = [sys.executable, "-u", "-c", f"import sys; {SAY}", str(left)]
        return subprocess.run(command, cwd=root, stdout=stdout).returncode


def test_a_line_is_in_the_log_at_once(root: Path, tmp_path: Path) -> None:
    assert say(root, tmp_path / "log", tmp_path / "left") == 0
    assert (tmp_path / "log").read_text() == "a\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is full")
def test_a_log_whose_disk_is_full_stops_nobody(root: Path, tmp_path: Path) -> None:
    assert say(root, Path("/dev/full"), tmp_path / "left") == 0
    assert (tmp_path / "left").read_text() == "went on"
