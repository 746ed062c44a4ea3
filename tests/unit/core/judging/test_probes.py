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


@pytest.mark.parametrize(
    ("took", "target"), [([100.0, 100.0, 9000.0], 420.0), ([350.0], 120.0), ([60_000.0], 0.7)]
)
def test_scaling_aims_at_seventy_percent_of_what_an_instance_can_do(
    took: list[float], target: float
) -> None:
    """At 100 ms an image it answers 600 a minute, one after the other."""
    assert Probed(len(took), took).scaling_target == target
