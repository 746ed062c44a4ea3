from __future__ import annotations

import numpy as np
import pytest

from sonoflow.images import agreement, fingerprints, pixels
from sonoflow.images.agreement import Comparison
from sonoflow.images.pixels import Decoded
from tests.unit.core.images import mask_sets


def test_a_mask_agrees_better_where_its_lesion_is_than_upside_down() -> None:
    picture, mask = mask_sets.sample("benign", 1)

    right, wrong = agreement.score(picture, mask), agreement.score(picture, mask[::-1])

    assert right is not None
    assert wrong is not None
    assert right > 0.5 > abs(wrong)


@pytest.mark.parametrize("seed", [15, 18, 21, 24])
def test_a_mask_that_would_lie_on_its_lesion_if_it_were_turned_lies_elsewhere(seed: int) -> None:
    picture, mask = mask_sets.cornered(seed)
    thumb = fingerprints.fingerprint(picture).thumb

    assert not agreement.lies_elsewhere(thumb, mask)
    for turn in (2, 3, 4):
        assert agreement.lies_elsewhere(thumb, pixels.TURNS[turn](mask))
    assert not agreement.lies_elsewhere(thumb, np.zeros_like(mask))
    assert not agreement.lies_elsewhere(thumb, np.ones_like(mask))


@pytest.mark.parametrize("mask", [np.zeros((80, 112), bool), np.ones((80, 112), bool)])
def test_a_mask_without_inside_or_surroundings_tells_nothing(mask: mask_sets.Mask) -> None:
    picture = mask_sets.sample("benign", 1)[0]

    assert agreement.score(picture, mask) is None
    assert agreement.stored_over_shown(Decoded(picture, 3), mask) is None


@pytest.mark.parametrize(
    ("differences", "sure"),
    [
        ([0.9, 0.8, 1.1], True),
        ([0.9, 0.8], False),
        ([0.1, 0.1, 0.12, 0.1], False),
        ([3.0, -1.0, 2.0, -1.5], False),
        ([2.0, 0.1, 0.2, -0.1, 0.1, 0.1], False),
        ([-0.9, -0.8, -1.1], False),
    ],
)
def test_few_or_contradicting_images_decide_nothing(differences: list[float], sure: bool) -> None:
    assert Comparison(differences).sure == sure
