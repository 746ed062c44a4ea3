"""What the demo says and does before anything runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.demo import main_job
from local.demo.inbox import DemoFailed


def test_gates_that_are_off_are_said_to_be() -> None:
    own = {name: main_job.OWN_DATA[name] for name in main_job.PHANTOM_GATE}

    assert "the gates are off (MinimumAccuracy=0, MinimumLesionDice=0)" in main_job._gates(own)
    assert "below MinimumAccuracy=0.9, MinimumLesionDice=0.8" in main_job._gates(
        main_job.PHANTOM_GATE
    )


def test_a_folder_of_something_else_is_not_emptied(tmp_path: Path) -> None:
    """The command runs in any folder, and `out` may be somebody's."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("x")

    with pytest.raises(DemoFailed, match="holds something that is no demo's"):
        main_job._clear(out)

    assert (out / "thesis.tex").exists()


def test_an_earlier_demos_folder_is_emptied(tmp_path: Path) -> None:
    out = tmp_path / "out"
    main_job._clear(out)
    (out / "overlay.png").write_text("x")

    main_job._clear(out)

    assert [path.name for path in out.iterdir()] == ["summary.json"]
    assert json.loads((out / "summary.json").read_text())["ok"] is False
