from __future__ import annotations

import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from sonoflow.images import outlines, regions
from sonoflow.inference import overlays


def mask(*rows: str) -> np.ndarray:
    return np.array([[sign == "#" for sign in row] for row in rows])


@pytest.mark.parametrize(
    ("shape", "components"),
    [
        (["....", "...."], 0),
        (["####", "####"], 1),
        (["##..", "..##"], 1),
        (["##.##", "....."], 2),
        (["#...", "..#."], 2),
        (["#.#", "#.#", "###"], 1),
        (["###", "#.#", "###"], 1),
        (["...#", "#...", "...#"], 3),
        (["#.#.#", ".#.#."], 1),
    ],
)
def test_components_are_regions_that_touch_even_at_corners(
    shape: list[str], components: int
) -> None:
    assert overlays.count_components(mask(*shape)) == components
    assert overlays.count_components(mask(*shape).T) == components


def flooded(whole: np.ndarray) -> int:
    """The same count, the slow and obvious way."""
    left = {(int(row), int(column)) for row, column in np.argwhere(whole)}
    components = 0
    while left:
        components += 1
        queue = [left.pop()]
        while queue:
            row, column = queue.pop()
            around = {(row + down, column + aside) for down in (-1, 0, 1) for aside in (-1, 0, 1)}
            queue += around & left
            left -= around
    return components


@settings(max_examples=200, deadline=None)
@given(arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_components_are_those_that_flooding_finds(whole: np.ndarray) -> None:
    assert overlays.count_components(whole) == flooded(whole)


def test_even_noise_at_full_size_is_counted_quickly() -> None:
    noise = np.random.default_rng(7).random((700, 1000)) > 0.5

    start = time.perf_counter()
    overlays.count_components(noise)

    assert time.perf_counter() - start < 5


def test_a_mask_is_what_reaches_the_threshold() -> None:
    probabilities = np.full((50, 80), 127, dtype=np.uint8)
    probabilities[10:20, 30:60] = 128

    found = overlays.find(probabilities)

    assert found.pixels == 300
    assert found.fraction == 300 / 4000
    assert found.bounding_box == (30, 10, 60, 20)
    assert found.components == 1


def test_nothing_found_has_no_bounding_box() -> None:
    found = overlays.find(np.zeros((50, 80), dtype=np.uint8))

    assert (found.pixels, found.bounding_box, found.components) == (0, None, 0)


def test_a_lesion_at_the_edge_has_a_box() -> None:
    whole = np.zeros((50, 80), dtype=bool)
    whole[:10, 70:] = True

    assert regions.bounding_box(whole) == (70, 0, 80, 10)


def test_the_overlay_is_the_image_with_a_coloured_line_around_its_lesions() -> None:
    pixels = np.full((64, 96), 90, dtype=np.uint8)
    whole = np.zeros((64, 96), dtype=bool)
    whole[20:40, 30:60] = True

    drawn = np.asarray(Image.open(io.BytesIO(overlays.draw(pixels, whole))))

    assert drawn.shape == (64, 96, 3)
    line = (drawn == outlines.COLOUR).all(axis=2)
    assert line.sum() == 2 * (20 + 30)
    assert (drawn[~line] == 90).all()
    assert not (line & whole).any(), "the lesion itself stays visible"


def test_the_same_mask_gives_the_same_bytes() -> None:
    pixels = np.full((64, 96), 90, dtype=np.uint8)
    whole = pixels > 100

    assert overlays.draw(pixels, whole) == overlays.draw(pixels, whole)
