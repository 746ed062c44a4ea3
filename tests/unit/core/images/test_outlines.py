from __future__ import annotations

import numpy as np
import pytest

from sonoflow.images import outlines


def test_an_outline_lies_around_a_lesion_and_hides_nothing_of_it() -> None:
    whole = np.zeros((50, 80), dtype=bool)
    whole[20:30, 40:60] = True

    outline = outlines.outline(whole, 2)

    assert outline.sum() == 2 * (2 * 10 + 2 * 20) + 4
    assert not (outline & whole).any()


@pytest.mark.parametrize("width", [1, 3])
def test_at_the_edge_it_stays_within_the_image(width: int) -> None:
    whole = np.zeros((50, 80), dtype=bool)
    whole[:10, 70:] = True

    outline = outlines.outline(whole, width)

    assert outline.shape == whole.shape
    assert outline.sum() == {1: 20, 3: 3 * 20 + 3}[width]
