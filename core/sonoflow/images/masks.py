"""An image's masks in one, each turned and scaled to lie on it, and what is odd about its shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import agreement, binary_masks, regions, stored_masks
from sonoflow.images.pixels import TURNS, Decoded, Mask, Pixels
from sonoflow.images.reading import STORED, USUAL, Reading
from sonoflow.images.stored_masks import StoredMask

# Flags of an image, by what was taken for true of how its mask lies, or is odd about it.
RESIZED = "mask-resized"
TURNED_TO_FIT, TURN_OPEN = "mask-turned", "orientation-ambiguous"
ELSEWHERE = (
    "mask-elsewhere"  # mirrored or turned it would lie on something dark, and so it does not
)
OUTLINE, OUTLINE_FILLED, THIN = "mask-outline", "outline-filled", "thin-mask"
FULL, LARGE = "full-mask", "large-mask"
FAN = "mask-is-fan"  # all that its picture shows, and no lesion

# A mask that was made on a scaled copy of its image has nearly the same aspect, not quite.
ASPECT_TOLERANCE = 0.02
# How many times larger an outline gets when it is filled; and one beside others that are outlines.
_OUTLINE_GROWTH, _FILLED_GROWTH = 1.4, 1.1
# Of BUSI's images, two of 780 have lesions of more than half.
_LARGE_SHARE = 0.5
# Of a picture, what a fan holds at least; levels that are no black; how alike it and a mask are.
_FAN_SHARE, _DARK, _SAME_SHAPE = 0.2, 8, 0.95
_HOLE_SHARE = 0.002  # of a picture, that a fan encloses without holding it


@dataclasses.dataclass(frozen=True)
class MaskUnion:
    """All masks of an image in one."""

    mask: Mask
    flags: tuple[str, ...]
    label: str | None = None  # the class that its values mean, where a reading says that they do


def union(masks: Iterable[bytes], image: Decoded, reading: Reading = USUAL) -> MaskUnion:
    """The union of an image's masks, each turned and scaled to lie on the image.

    Raises ImageRejected with the reason mask-unreadable, mask-size-mismatch, mask-not-binary,
    mask-unclear or mask-inverted.
    """
    whole = np.zeros(image.pixels.shape, dtype=np.bool_)
    flags: dict[str, None] = {}
    labels: dict[str, int] = {}
    for number, data in enumerate(masks, start=1):
        try:
            stored = stored_masks.load(data)
        except ImageRejected as error:
            raise ImageRejected("mask-unreadable", f"mask {number}: {error}") from error
        placed, told = _placed(stored, image, reading, number)
        settled = binary_masks.ASSUMED if reading.polarity_known else frozenset()
        flags |= dict.fromkeys(flag for flag in (*stored.flags, *told) if flag not in settled)
        for meant, count in _labels(stored, reading).items():
            labels[meant] = labels.get(meant, 0) + count
        whole |= placed
    label = max(labels, key=lambda one: labels[one]) if labels else None
    fan = is_fan(whole, image.pixels)
    if fan and reading.inside:
        # What the fan leaves out is inside of it, as what a frame leaves out.
        hole = regions.filled(whole) & ~whole
        if np.count_nonzero(hole) > _HOLE_SHARE * hole.size:
            whole, fan = hole, False
    whole, shape_flags = shaped(whole, reading.fill)
    shape_flags = (*shape_flags, FAN) if fan else shape_flags
    return MaskUnion(whole, (*flags, *shape_flags), label)


def _labels(stored: StoredMask, reading: Reading) -> dict[str, int]:
    """Pixels by the class that they mean."""
    counts = {
        label: int(np.count_nonzero(binary_masks.named(stored, [token])))
        for token, label in reading.classes
    }
    return {label: count for label, count in counts.items() if count}


def _placed(
    stored: StoredMask, image: Decoded, reading: Reading, number: int
) -> tuple[Mask, tuple[str, ...]]:
    turn = turn_of(stored, image, reading)
    turned = stored.shape if turn < 5 else stored.shape[::-1]
    resized = turned != image.pixels.shape
    if resized:
        _check_aspect(turned, image, number)
    mask, flags = binary_masks.binary(stored, reading, number)
    if _turn_is_open(stored, image, reading):
        flags = (*flags, TURN_OPEN)
        if (agreement.stored_over_shown(image, mask) or 0) > agreement.LEAST_DIFFERENCE:
            turn = image.orientation
    elif _is_assumed(turn, stored, image):
        flags = (*flags, TURNED_TO_FIT)
    if turn != 1:
        mask = TURNS[turn](mask)
    if resized:
        return _resized(mask, image), (*flags, RESIZED)
    return mask, flags


def turn_of(stored: StoredMask, image: Decoded, reading: Reading) -> int:
    """How to turn a mask's stored pixels so that they lie on the image as it is looked at."""
    if stored.orientation != 1:
        return stored.orientation
    if reading.turn != 1:
        return reading.turn
    if image.orientation == 1:
        return 1
    if reading.drawn_on == STORED:
        return image.orientation
    fits = stored.shape == image.pixels.shape
    # Otherwise drawn on the pixels as stored, by a tool that knows nothing of EXIF.
    return 1 if fits or reading.drawn_on else image.orientation


def _is_assumed(turn: int, stored: StoredMask, image: Decoded) -> bool:
    """Whether a mask is turned by what was decided for the whole set, not by its file or shape."""
    if turn == 1 or stored.orientation != 1:
        return False
    return image.orientation == 1 or stored.shape == image.pixels.shape


def _turn_is_open(stored: StoredMask, image: Decoded, reading: Reading) -> bool:
    """Whether nothing says if a mask was drawn before EXIF turned its image or after."""
    if image.orientation == 1 or stored.orientation != 1:
        return False
    before = stored.shape if image.orientation < 5 else stored.shape[::-1]
    told = reading.drawn_on or reading.turn != 1
    return not told and stored.shape == before == image.pixels.shape


def _check_aspect(shape: tuple[int, int], image: Decoded, number: int) -> None:
    height, width = shape
    ratio = (width * image.height) / (height * image.width)
    if abs(ratio - 1) > ASPECT_TOLERANCE:
        detail = f"mask {number} has {width} × {height} pixels, "
        detail += f"the image {image.width} × {image.height}, which is another shape"
        raise ImageRejected("mask-size-mismatch", detail)


def _resized(mask: Mask, image: Decoded) -> Mask:
    """By the nearest pixel: a mask knows no values in between."""
    size = (image.width, image.height)
    scaled = Image.fromarray(mask.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    return np.asarray(scaled) > 0


def shaped(mask: Mask, fill: bool | None) -> tuple[Mask, tuple[str, ...]]:
    """The mask, its outlines filled where they are to be, and what is odd about it."""
    area = int(np.count_nonzero(mask))
    if area == mask.size:
        return mask, (FULL,)
    if area == 0 or fill is False:
        return mask, ()
    whole = enclosed(mask, _FILLED_GROWTH if fill else _OUTLINE_GROWTH, area)
    if whole is not None:
        told = (OUTLINE_FILLED, FULL) if whole.all() else (OUTLINE_FILLED,)
        return (whole, told) if fill else (mask, (OUTLINE,))
    if is_large(mask):
        return mask, (LARGE,)
    return mask, (THIN,) if is_thin(mask) else ()


def enclosed(mask: Mask, growth: float = _OUTLINE_GROWTH, area: int | None = None) -> Mask | None:
    """A mask that is an outline, filled; None where that does not make it so many times larger."""
    area = int(np.count_nonzero(mask)) if area is None else area
    if regions.span(mask) < growth * area:
        return None
    whole = regions.filled(mask)
    return whole if np.count_nonzero(whole) >= growth * area else None


def is_fan(mask: Mask, pixels: Pixels) -> bool:
    """Whether a mask is the part of its picture that is not black: a fan, or what an export cut."""
    area = int(np.count_nonzero(mask))
    if not _FAN_SHARE * mask.size < area < mask.size:
        return False
    fan, drawn = regions.row_spans(pixels > _DARK), regions.row_spans(mask)
    if fan.all():
        return False
    both = np.count_nonzero(fan & drawn)
    return bool(both > _SAME_SHAPE * np.count_nonzero(fan | drawn))


def is_large(mask: Mask) -> bool:
    """Whether a lesion holds more of its image than is usual."""
    return bool(np.count_nonzero(mask) > _LARGE_SHARE * mask.size)


def is_thin(mask: Mask) -> bool:
    """Whether a mask is all line: nowhere thick, but long."""
    box = regions.bounding_box(mask)
    if box is None:
        return False
    left, top, right, bottom = box
    reach = max(2, min(mask.shape) // 128)
    inside = mask[top:bottom, left:right]
    if max(inside.shape) < 10 * reach:
        return False
    if min(inside.shape) > 2 * reach and 2 * np.count_nonzero(inside) > inside.size:
        return False
    return not regions.eroded(np.pad(inside, 1), reach).any()
