from __future__ import annotations

import numpy as np

from sonoflow.images import intensities
from tests.unit import pictures


def test_pixels_are_counted_by_ranges_of_sixteen_grey_levels() -> None:
    pixels = np.array([[0, 15, 16, 255], [31, 32, 240, 239]], dtype=np.uint8)

    counts = intensities.histogram(pixels)

    assert counts == [2, 2, 1] + [0] * 11 + [1, 2]
    assert all(type(count) is int for count in counts), "must go into JSON"


def test_it_is_the_histogram_that_numpy_counts_of_any_view() -> None:
    pixels = np.asarray(pictures.scan(3))[::-1, ::2]

    expected = np.histogram(pixels, bins=16, range=(0, 256))[0]

    assert intensities.histogram(pixels) == expected.tolist()
