from __future__ import annotations

import numpy as np
import pytest

from sonomodel.model.rule import LesionRule, presence_of


def test_gates_are_inclusive_and_need_a_head() -> None:
    frame = np.full((10, 10), 0.1, dtype=np.float32)
    frame[0, :5] = 0.6
    rule = LesionRule(0.6, minimum_presence=0.5, minimum_area=0.05)

    assert rule.finds_lesion(frame, 0.5)
    assert rule.finds_lesion(frame, None)
    assert not rule.finds_lesion(frame, 0.49)
    assert not LesionRule(0.6, minimum_area=0.051).finds_lesion(frame, None)


def test_presence_weighs_head_and_likeliest_pixels_alike() -> None:
    """400 pixels: the likeliest hundredth is four."""
    frame = np.zeros((20, 20), dtype=np.float32)
    frame.flat[[3, 50, 200, 399]] = 1 / (1 + np.exp(2.0))  # a logit of -2

    assert presence_of(frame, 2.0) == pytest.approx(0.5)
    assert presence_of(frame, 4.0) == pytest.approx(1 / (1 + np.exp(-1.0)))


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_presence_is_defined_at_certainty(fill: float) -> None:
    presence = presence_of(np.full((8, 8), fill, dtype=np.float32), 0.0)

    assert (presence > 0.99) if fill else (presence < 0.01)
