"""What `sam build` compiled for the template's runtime, under the laptop's own Python."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from local.lambdas import compiled

FOREIGN = ".cpython-399-x86_64-linux-gnu.so"
OWN = importlib.machinery.EXTENSION_SUFFIXES[0]


def package(root: Path, name: str, version: str, suffix: str) -> Path:
    """An installed wheel that holds one compiled module."""
    files = [f"{name}/__init__.py", f"{name}/_core{suffix}", f"{name}-{version}.dist-info/RECORD"]
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("raise ImportError('compiled for another Python')\n")
    lines = [*(f"{file},," for file in files), "../../bin/tool,sha256=x,1"]
    (root / files[-1]).write_text("\n".join(lines) + "\n")
    return root / name


def test_what_is_installed_here_stands_for_what_was_compiled_elsewhere(tmp_path: Path) -> None:
    package(tmp_path, "numpy", importlib.metadata.version("numpy"), FOREIGN)

    compiled.give_way(tmp_path)

    command = "import sys; sys.path.insert(0, sys.argv[1]); import numpy; print(numpy.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert str(tmp_path) not in done.stdout


def test_another_version_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package(tmp_path, "numpy", "0.1", FOREIGN)

    compiled.give_way(tmp_path)

    assert "stands for 0.1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "suffix"), [("numpy", OWN), ("numpy", ".abi3.so"), ("nowhere_installed", FOREIGN)]
)
def test_everything_else_stays(tmp_path: Path, name: str, suffix: str) -> None:
    """Given what this Python loads, or what nothing here stands for."""
    kept = package(tmp_path, name, "1.0", suffix)

    compiled.give_way(tmp_path)

    assert (kept / "__init__.py").is_file()
    assert (kept / f"_core{suffix}").is_file()


def test_nothing_outside_of_the_package_is_removed(tmp_path: Path) -> None:
    outside = tmp_path / "bin/tool"
    outside.parent.mkdir()
    outside.write_text("another's")
    root = tmp_path / "a/b"
    package(root, "numpy", "0.1", FOREIGN)

    compiled.give_way(root)

    assert outside.read_text() == "another's"
