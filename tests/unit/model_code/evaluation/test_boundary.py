from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from sonomodel.evaluation.boundary import distances, hd95, outline


def box(top: int, left: int, bottom: int, right: int) -> NDArray[np.bool_]:
    mask = np.zeros((40, 60), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def test_outline_is_one_pixel_wide_and_closes_at_the_border() -> None:
    assert outline(box(10, 10, 14, 15)).sum() == 2 * 5 + 2 * 2
    assert outline(box(0, 0, 40, 60)).sum() == 2 * 60 + 2 * 38


def test_same_masks_are_no_distance_apart() -> None:
    assert hd95(box(5, 5, 20, 30), box(5, 5, 20, 30)) == 0


def test_shifted_line() -> None:
    assert hd95(box(10, 10, 11, 50), box(17, 10, 18, 50)) == 7


def test_a_far_speck_counts_only_if_it_is_more_than_five_per_cent() -> None:
    true = box(10, 10, 11, 50)  # 40 pixels
    one, four = true.copy(), true.copy()
    one[39, 10] = True
    four[39, 10:14] = True

    assert hd95(one, true) == 0
    assert hd95(four, true) == pytest.approx(29, abs=1.5)


def test_a_missed_part_counts_as_much_as_a_false_one() -> None:
    half, whole = box(10, 10, 20, 20), box(10, 10, 20, 50)

    assert hd95(half, whole) == hd95(whole, half) > 25


def test_empty_masks_define_no_distance() -> None:
    assert hd95(box(0, 0, 0, 0), box(5, 5, 9, 9)) is None
    assert hd95(box(5, 5, 9, 9), box(0, 0, 0, 0)) is None


def test_distances_agree_with_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sonomodel.evaluation.boundary.CHUNK", 1000)  # several pieces
    for seed in range(10):
        rng = np.random.default_rng(seed)
        points, target = rng.random((37, 53)) < 0.2, rng.random((37, 53)) < 0.01
        target[3, 4] = True

        expected = ndimage.distance_transform_edt(~target)[points]

        np.testing.assert_allclose(distances(points, target), expected)
