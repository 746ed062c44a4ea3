from __future__ import annotations

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
COMMANDS = sorted(
    path.stem for path in BENCHMARKS.glob("*.py") if "\ndef main(" in path.read_text("utf-8")
)


def test_there_are_benchmarks() -> None:
    assert {"staging", "grouping", "large_archive"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_benchmark_says_how_it_is_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"benchmarks.{name}")

    with pytest.raises(SystemExit) as ended:
        module.main(["--help"])

    assert ended.value.code == 0
    assert f"python -m benchmarks.{name}" in module.__doc__
    assert "--out" in capsys.readouterr().out
