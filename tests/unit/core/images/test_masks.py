from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import masks, pixels, png
from sonoflow.images.pixels import Decoded
from sonoflow.images.reading import Reading
from tests.unit import pictures
from tests.unit.core.images import mask_sets

GREY = pictures.scan()


def test_several_masks_become_their_union() -> None:
    one, other = pictures.lesion(0, 0, 20, 10), pictures.lesion(10, 0, 30, 10)

    lesions = masks.union(
        [pictures.encode(one.convert("1")), pictures.encode(other.convert("RGBA"))],
        pixels.decode(pictures.png()),
    )
    mask = lesions.mask

    assert lesions.flags == ()
    assert mask.sum() == 300
    assert mask[:10, :30].all()


def test_a_mask_of_zeros_and_ones_counts_too() -> None:
    ones = np.asarray(pictures.lesion(0, 0, 20, 10)) // 255

    mask = masks.union([png.encode(ones)], pixels.decode(pictures.png())).mask

    assert mask.sum() == 200


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (pictures.encode(pictures.scan(width=50)), "mask-size-mismatch"),
        (b"no mask", "mask-unreadable"),
        (pictures.encode(Image.new("L", (96, 64), 90)), "mask-not-binary"),
    ],
)
def test_a_mask_that_cannot_be_used_says_why(mask: bytes, reason: str) -> None:
    with pytest.raises(ImageRejected) as caught:
        masks.union([mask], pixels.decode(pictures.png()))

    assert caught.value.reason == reason
    assert "mask 1" in caught.value.detail


def test_a_mask_of_another_size_but_the_same_shape_is_scaled_and_flagged() -> None:
    half = pictures.lesion(10, 10, 30, 20).resize((48, 32), Image.Resampling.NEAREST)

    lesions = masks.union([pictures.encode(half)], pixels.decode(pictures.png()))

    assert lesions.flags == ("mask-resized",)
    assert (lesions.mask == (np.asarray(pictures.lesion(10, 10, 30, 20)) > 0)).all()


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_mask_drawn_on_the_stored_pixels_is_turned_with_its_image(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = pixels.decode(pictures.encode(GREY, exif=exif))
    stored = pictures.lesion(10, 10, 30, 20)

    lesions = masks.union([pictures.encode(stored)], decoded)

    tagged = pixels.decode(pictures.encode(stored, exif=exif))
    assert (lesions.mask == (tagged.pixels > 0)).all()
    assert lesions.flags == ()


def holed(outer: int, inner: int) -> np.ndarray:
    """A square ring in 100 × 100."""
    mask = np.zeros((100, 100), dtype=bool)
    mask[50 - outer : 50 + outer, 50 - outer : 50 + outer] = True
    mask[50 - inner : 50 + inner, 50 - inner : 50 + inner] = False
    return mask


@pytest.mark.parametrize(
    ("fill", "flags", "area"),
    [(None, ("mask-outline",), 444), (True, ("outline-filled",), 1600), (False, (), 444)],
)
def test_an_outline_is_filled_kept_or_flagged(
    fill: bool | None, flags: tuple[str, ...], area: int
) -> None:
    shaped, told = masks.shaped(holed(20, 17), fill)

    assert (told, int(shaped.sum())) == (flags, area)


def test_a_lesion_with_a_small_hole_stays_as_it_is() -> None:
    mask, flags = masks.shaped(holed(20, 5), True)

    assert flags == ()
    assert (mask == holed(20, 5)).all()


def test_a_line_that_encloses_nothing_is_thin_and_a_small_lesion_is_not() -> None:
    open_line = holed(20, 18)
    open_line[:50] = False
    dot = np.zeros((100, 100), dtype=bool)
    dot[40:44, 40:44] = True

    assert masks.shaped(open_line, True)[1] == ("thin-mask",)
    assert masks.shaped(dot, True)[1] == ()


def test_a_lesion_of_more_than_half_of_its_image_is_flagged() -> None:
    assert masks.shaped(holed(37, 0), None)[1] == ("large-mask",)
    assert masks.shaped(holed(34, 0), None)[1] == ()


def test_a_thick_outline_is_filled_where_the_others_are_outlines_too() -> None:
    assert masks.shaped(holed(20, 8), True)[1] == ("outline-filled",)
    assert masks.shaped(holed(20, 8), None)[1] == ()
    assert masks.shaped(holed(20, 12), None)[1] == ("mask-outline",)


WAYS = [
    mask_sets.white,
    mask_sets.two(0, 3, np.uint16),
    mask_sets.colours(mask_sets.BLACK, mask_sets.RED),
    mask_sets.colours(mask_sets.BLACK, mask_sets.RED, "JPEG"),
    mask_sets.palette(mask_sets.BLACK, mask_sets.BLACK),
    mask_sets.transparent(0, 255, 0),
    mask_sets.tiff(np.float32),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(WAYS), st.data())
@pytest.mark.filterwarnings("ignore::UserWarning")  # what Pillow has to say about bad TIFF tags
def test_damaged_masks_never_raise_anything_but_a_rejection(
    write: mask_sets.Write, data: st.DataObject
) -> None:
    lesion = mask_sets.lesion(3, 40, 56)
    damaged = bytearray(write(lesion))
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    try:
        found = masks.union([bytes(damaged)], pixels.Decoded(mask_sets.scan(3, lesion)))
    except ImageRejected:
        return
    assert found.mask.shape == lesion.shape


def test_an_outline_around_the_whole_image_is_flagged_as_full() -> None:
    frame = np.ones((40, 40), dtype=np.bool_)
    frame[3:-3, 3:-3] = False

    assert masks.shaped(frame, True)[1] == ("outline-filled", "full-mask")


def fan_picture() -> tuple[mask_sets.Grey, mask_sets.Mask]:
    """A picture in a fan on black, and the fan."""
    picture, _ = mask_sets.sample("benign", 1)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    fan = (abs(x - 56) < 12 + 0.45 * y) & (y > 3) & (y < 75)
    picture = np.where(fan, np.maximum(picture, 20), 0).astype(np.uint8)
    return picture, fan


def test_a_mask_that_is_the_fan_is_flagged_and_what_lies_in_it_is_not() -> None:
    picture, fan = fan_picture()
    _, lesion = mask_sets.sample("benign", 1)
    image = Decoded(picture)

    assert masks.FAN in masks.union([mask_sets.white(fan)], image).flags
    assert masks.FAN not in masks.union([mask_sets.white(fan & lesion)], image).flags
    assert masks.FAN not in masks.union([mask_sets.white(fan)], Decoded(picture | 16)).flags


def test_a_hole_in_the_fan_is_the_lesion_where_inside_is_said() -> None:
    picture, fan = fan_picture()
    hole = np.zeros_like(fan)
    hole[30:50, 45:65] = True

    around = mask_sets.white(fan & ~hole)
    said = masks.union([around], Decoded(picture), Reading(inside=True, polarity_known=True))

    assert (said.mask == hole).all()
    assert masks.FAN not in said.flags
    assert masks.FAN in masks.union([around], Decoded(picture)).flags
