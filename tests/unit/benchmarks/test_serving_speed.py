from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import serving_speed


@pytest.mark.slow
def test_all_models_are_asked_in_the_same_rounds(tmp_path: Path) -> None:
    out = tmp_path / "speed.json"

    serving_speed.main(["--rounds", "1", "--size", "32", "--out", str(out)])

    result = json.loads(out.read_text())
    taken = result["ms_of_processor_time"]
    assert set(taken) == {
        *(f"classifier {name}" for name in serving_speed.CLASSIFIERS),
        *(f"segmenter {name}" for name in serving_speed.SEGMENTERS),
    }
    for ours, other in serving_speed.COMPARED.items():
        assert result["times_faster"][f"{ours} than {other}"] == pytest.approx(
            taken[other] / taken[ours], rel=0.05
        )
