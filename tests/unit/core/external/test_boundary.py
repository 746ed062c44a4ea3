"""That it is the training scripts' is held in test_segmentation.py."""

from __future__ import annotations

import numpy as np

from sonoflow.external import boundary


def box(left: int, right: int) -> np.ndarray:
    mask = np.zeros((20, 40), bool)
    mask[5:15, left:right] = True
    return mask


def test_a_shift_is_as_far_as_it_goes() -> None:
    assert boundary.hd95(box(5, 15), box(12, 22)) == 7.0


def test_the_farther_of_both_directions_counts() -> None:
    near, far = box(5, 15), box(5, 15) | box(30, 35)

    assert boundary.hd95(near, far) == boundary.hd95(far, near) > 15


def test_the_border_of_the_image_is_an_edge() -> None:
    whole = np.ones((10, 10), bool)
    without = whole.copy()
    without[:, 9] = False

    assert boundary.hd95(whole, without) == 1.0
