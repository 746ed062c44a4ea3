from __future__ import annotations

import numpy as np
import pytest

from sonoflow.errors import ImageRejected
from sonoflow.images import binary_masks, masks, pixels, stored_masks
from sonoflow.images.reading import USUAL, Reading
from tests.unit import pictures
from tests.unit.core.images import mask_sets

LESION = mask_sets.lesion(3)


@pytest.mark.parametrize(
    ("write", "lesions", "right"),
    [
        (mask_sets.three(0, 1, 2), ((2,),), True),
        (mask_sets.three(0, 1, 2), ((1,), (2,)), False),
        (mask_sets.colours(mask_sets.GREEN, mask_sets.RED), ((255, 0, 0),), True),
    ],
)
def test_only_what_is_named_is_a_lesion(
    write: mask_sets.Write, lesions: tuple[tuple[int, ...], ...], right: bool
) -> None:
    truth = mask_sets.lesion(3)
    image = pixels.Decoded(mask_sets.scan(3, truth))

    found = masks.union([write(truth)], image, Reading(lesions=lesions, polarity_known=True))

    assert (found.mask == truth).all() == right
    assert found.flags == ()


def test_two_colours_of_which_none_is_outside_are_unclear() -> None:
    data = mask_sets.colours(mask_sets.GREEN, mask_sets.RED)(mask_sets.lesion(3))
    image = pixels.Decoded(mask_sets.scan(3, mask_sets.lesion(3)))

    with pytest.raises(ImageRejected, match=r"mask-unclear.*#00ff00, #ff0000"):
        masks.union([data], image)


def test_a_mask_that_is_lesion_all_around_is_rejected_unless_somebody_said_so() -> None:
    stored = stored_masks.load(mask_sets.white(~LESION))

    with pytest.raises(ImageRejected, match="mask-inverted"):
        binary_masks.binary(stored, USUAL, 1)

    told = Reading(outside=(0,), polarity_known=True)
    assert (binary_masks.binary(stored, told, 1)[0] == ~LESION).all()


@pytest.mark.parametrize("value", [2, 90, 127])
def test_one_grey_all_over_is_neither_empty_nor_full(value: int) -> None:
    stored = stored_masks.load(mask_sets.two(value, value)(LESION))

    with pytest.raises(ImageRejected, match=f"mask-not-binary.*all of it is {value}$"):
        binary_masks.binary(stored, USUAL, 1)


@pytest.mark.parametrize("value", [1, 128, 255])
def test_one_or_white_all_over_is_full(value: int) -> None:
    stored = stored_masks.load(mask_sets.two(value, value)(LESION))

    assert binary_masks.binary(stored, USUAL, 1)[0].all()


def test_what_jpeg_makes_of_black_is_empty() -> None:
    noise = np.random.default_rng(1).integers(0, 20, LESION.shape).astype(np.uint8)
    stored = stored_masks.load(pictures.encode(mask_sets.Image.fromarray(noise), "JPEG"))

    assert not binary_masks.binary(stored, USUAL, 1)[0].any()
