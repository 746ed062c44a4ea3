from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import placements
from sonoflow.images.pixels import TURNS
from sonoflow.images.reading import Reading
from sonoflow.images.samples import Sample
from tests.unit.core.images import mask_sets
from tests.unit.core.images.mask_sets import Grey, Mask


def taken(turn: int = 1, count: int = 8, *, told: bool = True) -> list[Sample]:
    """Images with masks that lie turned; without lesions to be seen unless they are `told`."""
    found = []
    for number in range(count):
        picture, mask = mask_sets.sample("benign", number)
        if not told:
            picture = mask_sets.scan(number, mask_sets.lesion(number + 50) & False)
        stored = TURNS[turn](mask) if turn != 1 else mask
        found.append(Sample("benign", mask_sets.png(picture), (mask_sets.white(stored),)))
    return found


def test_masks_that_lie_as_they_should_stay() -> None:
    assert placements.decide(taken(), Reading()) == (Reading(), [])


@pytest.mark.parametrize(
    ("lying", "turn"), [(2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (7, 7), (8, 6)]
)
def test_all_masks_are_turned_back(lying: int, turn: int) -> None:
    found, (assumed,) = placements.decide(taken(lying), Reading())

    assert found == Reading(turn=turn)
    assert assumed.code == "mask-orientation"


def test_few_images_or_such_that_show_no_lesion_turn_nothing() -> None:
    assert placements.decide(taken(2, 5), Reading())[0] == Reading()
    assert placements.decide(taken(2, told=False), Reading())[0] == Reading()


def test_masks_as_wide_as_their_images_are_high_are_refused_if_nothing_tells_how_they_lie() -> None:
    with pytest.raises(DatasetRefused, match=r"mask-orientation: 8 of 8.*transposed"):
        placements.decide(taken(5, told=False), Reading())


def test_a_mapping_decides() -> None:
    assert placements.decide(taken(2), Reading(turn=3)) == (Reading(turn=3), [])


def test_who_says_that_masks_lie_as_shown_has_none_turned() -> None:
    shown = Reading(drawn_on="shown")

    assert placements.decide(taken(2), shown) == (shown, [])


def drawn_over(change: Callable[[Grey, Mask], Grey], count: int = 8) -> list[Sample]:
    """Right masks on pictures that were changed."""
    pairs = [mask_sets.sample("benign", number) for number in range(count)]
    return [
        Sample("benign", mask_sets.png(change(picture, mask)), (mask_sets.white(mask),))
        for picture, mask in pairs
    ]


def test_masks_of_lesions_brighter_than_what_surrounds_them_stay() -> None:
    def bright(picture: Grey, mask: Mask) -> Grey:
        return np.where(mask, 230, picture // 2).astype(np.uint8)

    assert placements.decide(drawn_over(bright), Reading()) == (Reading(), [])
    assert placements.decide(drawn_over(lambda picture, _: 255 - picture), Reading())[1] == []


def test_masks_stay_where_something_dark_lies_at_the_mirrored_place_and_that_is_said() -> None:
    def mirrored(picture: Grey, mask: Mask) -> Grey:
        flat = mask_sets.scan(int(picture[1:].sum()), mask & False)
        cyst = mask[:, ::-1] | mask[::-1, ::-1]
        return np.where(cyst, flat // 10, flat).astype(np.uint8)

    found, (told,) = placements.decide(drawn_over(mirrored), Reading())

    assert found == Reading()
    assert "left as drawn" in told.detail
    assert told.settle in (
        '{"masks": {"orientation": "mirrored"}}',
        '{"masks": {"orientation": "half"}}',
    )


def test_masks_that_hold_most_of_their_images_are_never_turned() -> None:
    samples = []
    for number in range(8):
        picture, mask = mask_sets.sample("benign", number)
        around = ~mask
        around[:2], around[-2:], around[:, :2], around[:, -2:] = (False,) * 4
        samples.append(Sample("benign", mask_sets.png(picture), (mask_sets.white(around),)))

    assert placements.decide(samples, Reading()) == (Reading(), [])


def test_masks_of_one_class_that_lie_otherwise_are_said() -> None:
    mirrored = [Sample("malignant", one.image, one.masks) for one in taken(2)]

    found, (told,) = placements.decide([*taken(count=16), *mirrored], Reading())

    assert found == Reading()
    assert "class malignant seem to lie mirrored" in told.detail
