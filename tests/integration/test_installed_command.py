"""The command as `make setup` installs it, given in another folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def installing() -> list[str]:
    """What the Makefile says to pip, after the command itself."""
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    (line,) = re.findall(r"-m pip install (.*--editable \.)$", makefile, re.M)
    return str(line).split()[:-1]


def test_set_up_gives_the_command_from_any_folder(tmp_path: Path) -> None:
    """Into an environment of its own, which finds the packages of this one: a link to what lies
    here, so that the template is this checkout's."""
    checkout, elsewhere, venv = tmp_path / "checkout", tmp_path / "elsewhere", tmp_path / "venv"
    for folder in (checkout, elsewhere):
        folder.mkdir()
    (checkout / "local").symlink_to(ROOT / "local")
    (checkout / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "these.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin/python"), "install"]
    subprocess.run([*pip, "--no-index", *installing(), str(checkout)], check=True)

    def sonoflow(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(venv / "bin/sonoflow"), *words]
        return subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)

    told = sonoflow("parameters", "--json", "MinimumAccuracy")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)[0]["default"] == "0.7"
    drawn = sonoflow("phantoms", "p.zip", "--images-per-class", "5")
    assert drawn.returncode == 0, drawn.stderr
    assert "would be trained on" in sonoflow("check", "p.zip").stdout
    assert "usage: sonoflow drop" in sonoflow("drop", "--help").stdout
