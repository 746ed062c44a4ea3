"""Folders that hold what requirements name, and nothing else that is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from local.runtime.requirements import distributions, linked


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_requirement_draws_in_what_it_requires(tmp_path: Path) -> None:
    folder = linked(["boto3"], tmp_path)

    done = run(folder, "import boto3, botocore.session, s3transfer; print(botocore.__file__)")

    assert done.stdout.strip() == str(folder / "botocore" / "__init__.py"), done.stderr


def test_what_was_not_asked_for_is_not_there(tmp_path: Path) -> None:
    done = run(linked(["boto3"], tmp_path), "import pytest")

    assert "No module named 'pytest'" in done.stderr


def test_the_same_set_has_one_folder_however_it_is_asked_for(tmp_path: Path) -> None:
    first = linked(["boto3", "jmespath"], tmp_path)

    assert linked(["jmespath", "BOTO3>=1"], tmp_path) == first
    assert linked(["jmespath"], tmp_path) != first
    assert len(list(tmp_path.iterdir())) == 2


def test_an_extra_draws_in_what_it_stands_for() -> None:
    assert "flask" not in distributions(["moto"])
    assert "flask" in distributions(["moto[server]"])


def test_a_requirement_of_another_platform_is_left_out() -> None:
    assert distributions(["not-a-real-package; sys_platform == 'win32'"]) == {}


def test_a_package_that_is_not_installed_is_an_error() -> None:
    with pytest.raises(PackageNotFoundError, match="not-a-real-package"):
        distributions(["not-a-real-package"])
