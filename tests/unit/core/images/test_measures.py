from __future__ import annotations

import math

import numpy as np
import pytest

from sonoflow.images import measures


def ellipse(
    long: float, short: float, degrees: float = 0, spacing: tuple[float, float] = (1, 1)
) -> measures.Mask:
    """Half axes in the spacing's unit."""
    down, across = np.mgrid[-150:151, -150:151]
    across, down = across * spacing[0], down * spacing[1]
    turn = math.radians(degrees)
    along = across * math.cos(turn) + down * math.sin(turn)
    beside = down * math.cos(turn) - across * math.sin(turn)
    inside: measures.Mask = (along / long) ** 2 + (beside / short) ** 2 <= 1
    return inside


@pytest.mark.parametrize("degrees", [0, 17, 45, 90, 133])
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 0.5), (0.8, 1.2)])
def test_ellipses_measure_their_axes_however_they_are_turned(
    degrees: float, spacing: tuple[float, float]
) -> None:
    long, short = 60.0, 35.0
    found = measures.measure(ellipse(long, short, degrees, spacing), spacing)

    assert found is not None
    pixel = math.hypot(*spacing)
    assert 2 * long - pixel <= found.longest <= 2 * long + 2 * pixel
    assert found.perpendicular == pytest.approx(2 * short, abs=3 * pixel)
    assert found.area == pytest.approx(math.pi * long * short, rel=0.01)


@pytest.mark.parametrize(
    ("width", "height", "spacing"),
    [(1, 1, (1, 1)), (3, 4, (1, 1)), (30, 1, (1, 1)), (3, 4, (2, 5))],
)
def test_rectangles_measure_exactly_their_diagonal(
    width: int, height: int, spacing: tuple[float, float]
) -> None:
    mask = np.zeros((50, 60), dtype=np.bool_)
    mask[7 : 7 + height, 11 : 11 + width] = True
    across, down = width * spacing[0], height * spacing[1]
    diagonal = math.hypot(across, down)

    found = measures.measure(mask, spacing)

    assert found is not None
    assert found.longest == pytest.approx(diagonal)
    # Both other corners lie so far from the diagonal.
    assert found.perpendicular == pytest.approx(2 * across * down / diagonal)
    assert found.area == pytest.approx(across * down)


def test_axes_are_those_of_the_largest_lesion_and_the_area_is_that_of_all() -> None:
    mask = np.zeros((50, 60), dtype=np.bool_)
    mask[2:5, 2:58] = True  # longer, and of fewer pixels
    mask[10:40, 10:40] = True

    found = measures.measure(mask)

    assert found is not None
    assert found.longest == pytest.approx(30 * math.sqrt(2))
    assert found.area == 3 * 56 + 900


def test_holes_and_hollows_do_not_count() -> None:
    mask = ellipse(60, 35)
    hollow = mask.copy()
    hollow[140:161, 140:300] = False

    whole, other = measures.measure(mask), measures.measure(hollow & mask)

    assert whole is not None
    assert other is not None
    assert other.perpendicular == pytest.approx(whole.perpendicular, abs=1)


def test_nothing_measures_nothing() -> None:
    assert measures.measure(np.zeros((50, 60), dtype=np.bool_)) is None
