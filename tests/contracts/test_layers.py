"""Imports go one way: pyproject.toml says which, and the doors of the rooms are held here."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# What a folder's modules may import of ours.
OURS = ("sonoflow", "sonomodel", "local", "functions", "operations", "tests", "benchmarks")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, or imports from."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


def lint(root: Path, configuration: Path) -> subprocess.CompletedProcess[str]:
    places = os.pathsep.join([str(root), str(root / "core"), str(root / "model_code")])
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    return subprocess.run(
        [*command, str(configuration)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": places},
    )


def test_every_room_imports_only_what_lies_below_it(root: Path) -> None:
    done = lint(root, root / "pyproject.toml")

    assert done.returncode == 0, done.stdout


def test_a_room_that_imports_upwards_is_found(root: Path, tmp_path: Path) -> None:
    """Given the contract the wrong way round, then it is broken."""
    configuration = tmp_path / "upside_down.toml"
    configuration.write_text(
        '[tool.importlinter]\nroot_packages = ["sonoflow"]\n[[tool.importlinter.contracts]]\n'
        'name = "upside down"\ntype = "layers"\ncontainers = ["sonoflow"]\n'
        'layers = ["errors", "planning"]\n'
    )

    done = lint(root, configuration)

    assert done.returncode == 1
    assert "sonoflow.planning is not allowed to import sonoflow.errors" in done.stdout


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        ("functions/*/app.py", "sonoflow"),
        ("model_code/*.py", "sonomodel"),
        ("core/sonoflow/**/*.py", "sonoflow"),
        ("model_code/sonomodel/**/*.py", "sonomodel"),
    ],
)
def test_a_folder_imports_no_other_of_ours(root: Path, pattern: str, allowed: str) -> None:
    paths = sorted(root.glob(pattern))
    assert paths
    for path in paths:
        ours = {name.partition(".")[0] for name in imports(path)} & set(OURS)
        entry = {"serve"} if path.name == "ray_app.py" else set()
        assert ours - entry <= {allowed}, path


@pytest.mark.parametrize("package", ["core/sonoflow", "model_code/sonomodel"])
def test_a_package_imports_nothing_when_it_is_imported(root: Path, package: str) -> None:
    """Imports are a Lambda's start-up time. The version of core is all that one of them says."""
    for path in (root / package).rglob("__init__.py"):
        said = path.read_text("utf-8").splitlines()
        code = [line for line in said if line and not line.startswith(('"""', "__version__"))]
        assert not code, path


@pytest.mark.parametrize("package", ["core/sonoflow", "model_code/sonomodel", "local"])
def test_rooms_lie_at_most_two_deep(root: Path, package: str) -> None:
    for path in (root / package).rglob("*.py"):
        assert len(path.relative_to(root / package).parts) <= 3, path


def test_no_function_of_a_handler_is_longer_than_forty_lines(root: Path) -> None:
    for path in sorted(root.glob("functions/*/app.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 40, (path, node.name)
