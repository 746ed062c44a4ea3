from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from sonomodel.model import components


def mask(*rows: str) -> NDArray[np.bool_]:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def test_largest_component_is_kept_alone() -> None:
    found = components.largest(mask("##...", ".....", "..###", "..#.."))

    np.testing.assert_array_equal(found, mask(".....", ".....", "..###", "..#.."))


@pytest.mark.parametrize(
    "rows",
    [
        ("#..", ".#.", "..#"),  # diagonals touch
        ("#.#", "#.#", "###"),  # two columns, joined below
        ("###", "#.#", "###"),  # a ring
        ("#.#.#", "#####"),
    ],
)
def test_what_touches_is_one_component(rows: tuple[str, ...]) -> None:
    np.testing.assert_array_equal(components.largest(mask(*rows)), mask(*rows))


def test_of_equals_the_uppermost_is_kept() -> None:
    found = components.largest(mask("...##", ".....", "##..."))

    np.testing.assert_array_equal(found, mask("...##", ".....", "....."))


def test_empty_mask_stays_empty() -> None:
    assert not components.largest(mask("...", "...")).any()


@pytest.mark.parametrize("density", [0.2, 0.4, 0.55])
def test_agrees_with_scipy_on_noise(density: float) -> None:
    for seed in range(20):
        noise = np.random.default_rng(seed).random((40, 57)) < density
        labels, _ = ndimage.label(noise, structure=np.ones((3, 3)))
        sizes = np.bincount(labels.ravel())[1:]

        found = components.largest(noise)

        assert found.sum() == sizes.max()
        assert len(np.unique(labels[found])) == 1
