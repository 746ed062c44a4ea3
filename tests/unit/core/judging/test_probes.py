from __future__ import annotations

import pytest

from sonoflow.judging.probes import Probed


@pytest.mark.parametrize(
    ("took", "median"), [([12.34], 12.3), ([1.0, 900.0, 3.0], 3.0), ([1.0, 2.06], 1.5)]
)
def test_one_slow_answer_does_not_shift_what_probes_took(took: list[float], median: float) -> None:
    assert Probed(len(took), took).median == median


def test_images_leave_no_metrics() -> None:
    assert Probed(1, [1.0]).metrics == {}
