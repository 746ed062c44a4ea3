from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sonoflow.images import regions

MASKS = arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def mask(*rows: str) -> np.ndarray:
    return np.array([[sign == "#" for sign in row] for row in rows])


def flooded(whole: np.ndarray) -> np.ndarray:
    """The mask with what it encloses, the slow and obvious way."""
    outside = np.zeros(np.add(whole.shape, 2), dtype=bool)
    free = np.pad(~whole, 1, constant_values=True)
    queue = [(0, 0)]
    while queue:
        row, column = queue.pop()
        inside = 0 <= row < free.shape[0] and 0 <= column < free.shape[1]
        if inside and free[row, column] and not outside[row, column]:
            outside[row, column] = True
            queue += [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
    return ~outside[1:-1, 1:-1]


@settings(max_examples=200, deadline=None)
@given(MASKS)
def test_what_is_enclosed_is_what_flooding_from_outside_does_not_reach(whole: np.ndarray) -> None:
    assert (regions.filled(whole) == flooded(whole)).all()


def test_corners_enclose_but_do_not_let_through() -> None:
    ring = mask(".#.", "#.#", ".#.")

    assert regions.filled(ring).sum() == 5


def test_eroding_takes_off_every_edge_but_the_pictures() -> None:
    assert regions.eroded(mask("####.", "####.", "####."), 1).sum() == 9
    assert not regions.eroded(mask(".....", ".###.", "....."), 1).any()


@pytest.mark.parametrize(
    ("shape", "span"), [(("....",), 0), (("#..#", "..#."), 5), (("####", "####"), 8)]
)
def test_the_span_counts_from_first_to_last_of_each_row(shape: tuple[str, ...], span: int) -> None:
    assert regions.span(mask(*shape)) == span


def test_the_borders_share_counts_corners_once() -> None:
    assert regions.border_share(mask("###", "#.#", "###")) == 1
    assert regions.border_share(mask("###", "...", "...")) == 3 / 8
    assert regions.bounding_box(mask("...", ".#.", "...")) == (1, 1, 2, 2)
    assert regions.bounding_box(mask("...")) is None


def test_what_hangs_together_with_the_border_is_left_out() -> None:
    mask = np.zeros((9, 9), dtype=np.bool_)
    mask[0], mask[4, 4], mask[5:, 8] = True, True, True

    assert np.argwhere(regions.inside_of_frame(mask)).tolist() == [[4, 4]]


def test_the_largest_component_is_the_one_of_most_pixels_and_of_several_the_uppermost() -> None:
    mask = np.zeros((9, 20), dtype=np.bool_)
    mask[1, 2:6] = mask[3, 8:12] = True
    assert np.argwhere(regions.Runs(mask, diagonal=True).largest())[0].tolist() == [1, 2]
    mask[4, 12] = True
    found = regions.Runs(mask, diagonal=True).largest()
    assert found.sum() == 5
    assert found[4, 12]
    empty = np.zeros((9, 20), dtype=np.bool_)
    assert not regions.Runs(empty, diagonal=True).largest().any()
