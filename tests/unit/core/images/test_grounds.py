from __future__ import annotations

import numpy as np
import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images import grounds, stored_masks
from sonoflow.images.reading import Reading, Token
from sonoflow.images.samples import Sample
from tests.unit.core.images import mask_sets

LESION = mask_sets.lesion(3)
FULL = np.ones_like(LESION)


@pytest.mark.parametrize(
    ("data", "ground"),
    [
        (mask_sets.white(LESION), (0,)),
        (mask_sets.white(~LESION), (255,)),
        (mask_sets.two(1, 0)(LESION), (255,)),
        (mask_sets.two(1, 2)(LESION), (1,)),
        (mask_sets.colours(mask_sets.PURPLE, mask_sets.YELLOW)(LESION), (68, 1, 84)),
        (mask_sets.colours(mask_sets.BLACK, mask_sets.RED)(LESION), (0,)),
        (mask_sets.colours(mask_sets.WHITE, mask_sets.RED, "JPEG")(LESION), (255,)),
        (mask_sets.soft(0, 255)(LESION), (0,)),
        (mask_sets.white(FULL), None),
    ],
)
def test_the_ground_holds_the_border_and_most_of_a_mask(data: bytes, ground: Token | None) -> None:
    stored = stored_masks.load(data)

    assert grounds.of(stored) == ground


def test_masks_that_say_nothing_leave_the_reading_as_it_is() -> None:
    found = grounds.decide([Sample("benign", None, (mask_sets.white(FULL),))], Reading())

    assert found == (Reading(), [])


def test_a_mapping_decides_whatever_the_masks_are_like() -> None:
    told = Reading(outside=(0,), polarity_known=True)
    taken = [Sample("benign", None, (mask_sets.white(~LESION),))]

    assert grounds.decide(taken, told) == (told, [])
    assert grounds.decide(taken, Reading())[0] == Reading(outside=(255,))


@pytest.mark.parametrize(
    ("write", "outside"),
    [(mask_sets.two(255, 0), 255), (mask_sets.two(1, 0), 255), (mask_sets.two(1, 2), 1)],
)
def test_what_masks_of_normal_images_are_alone_is_outside(
    write: mask_sets.Write, outside: int
) -> None:
    empty = Sample("normal", None, (write(FULL & False),))
    taken = [Sample("benign", None, (write(LESION),)), *[empty] * 5]

    assert grounds.decide(taken, Reading())[0] == Reading(outside=(outside,))


def test_half_and_half_is_a_contradiction() -> None:
    taken = [Sample("benign", None, (mask_sets.white(LESION), mask_sets.white(~LESION)))]

    with pytest.raises(DatasetRefused, match="mask-polarity"):
        grounds.decide(taken, Reading())
