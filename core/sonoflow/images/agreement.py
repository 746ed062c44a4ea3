"""How well a mask lies on its image: lesions are darker than what surrounds them.

That holds for most lesions, not for each: of BUSI's masks 86 % agree best with their image as they
are, and the others mirrored, upside down or turned by half. So a single image tells little, and a
dozen of them tell for sure.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Sequence

import numpy as np
from PIL import Image

from sonoflow.images.fingerprints import THUMB_SIDE, Thumb
from sonoflow.images.pixels import TURNS, Decoded, Mask, Pixels

_SIDE = 96  # of the copies that are compared
_RING = 6  # how far around a lesion its surroundings reach, in their pixels
# A mean difference in agreement, and how many of its standard errors it must be.
LEAST_DIFFERENCE = 0.3
_LEAST_ERRORS = 2.5
# Of a single mask, in a thumbnail's cells: what is no agreement, and what is one for sure.
_NOTHING, _CLEARLY, _COARSE_RING = 0.1, 1.0, 2
_LEAST_SHARE = 0.75  # of the images that must tell the same


class View:
    """A small copy of an image, which masks are laid on."""

    def __init__(self, pixels: Pixels) -> None:
        height, width = pixels.shape
        scale = min(1.0, _SIDE / max(height, width))
        self._size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = Image.fromarray(pixels).resize(self._size, Image.Resampling.BOX)
        self._picture = np.asarray(small).astype(float)
        self._deviation = self._picture.std()

    def score(self, mask: Mask) -> float | None:
        """How much darker a mask's inside is than its surroundings, in standard deviations of the
        image; None where the mask has no inside or no surroundings. Both are of one shape."""
        grey = Image.fromarray(mask.astype(np.uint8) * 255).resize(self._size, Image.Resampling.BOX)
        inside = np.asarray(grey) >= 128
        ring = _widened(_widened(inside, 0), 1) & ~inside
        if not inside.any() or not ring.any():
            return None
        difference = self._picture[ring].mean() - self._picture[inside].mean()
        return float(difference / (self._deviation + 1))


def _widened(mask: Mask, axis: int) -> Mask:
    """By _RING pixels to both sides: where as far to one side more were counted than to the other.

    A sum along the axis takes a hundredth of the time of Pillow's filter of largest values."""
    length = mask.shape[axis]
    counted = np.concatenate([np.zeros_like(mask.take([0], axis), int), mask.cumsum(axis)], axis)
    places = np.arange(length)
    last = counted.take(np.minimum(places + _RING + 1, length), axis)
    widened: Mask = last > counted.take(np.maximum(places - _RING, 0), axis)
    return widened


def score(pixels: Pixels, mask: Mask) -> float | None:
    """The score of a single mask."""
    return View(pixels).score(mask)


def stored_over_shown(image: Decoded, mask: Mask) -> float | None:
    """How much better a mask agrees with its image as stored than as shown, both of one shape."""
    view = View(image.pixels)
    shown, stored = view.score(mask), view.score(TURNS[image.orientation](mask))
    return None if shown is None or stored is None else stored - shown


def lies_elsewhere(thumb: Thumb, mask: Mask) -> bool:
    """Whether a mask lies on nothing that is darker than its surroundings, and mirrored, upside
    down or turned by half it would, clearly. Of BUSI's masks that holds for none, and of the same
    masks mirrored for a quarter. `thumb` is the picture's."""
    rows, columns = (
        ((np.arange(THUMB_SIDE) + 0.5) * n / THUMB_SIDE).astype(int) for n in mask.shape
    )
    few = mask[rows[:, None], columns]
    drawn = _coarse(thumb, few)
    if drawn is None or drawn >= _NOTHING:
        return False
    turned = (_coarse(thumb, TURNS[turn](few)) for turn in (2, 3, 4))
    return any(score is not None and score > _CLEARLY for score in turned)


def _coarse(thumb: Thumb, inside: Mask) -> float | None:
    """The score of a thumbnail's cells."""
    padded = np.pad(inside, _COARSE_RING)
    reach = range(2 * _COARSE_RING + 1)
    across = np.logical_or.reduce([np.roll(padded, at - _COARSE_RING, axis=1) for at in reach])
    around = np.logical_or.reduce(
        [across[at : at + THUMB_SIDE, _COARSE_RING:-_COARSE_RING] for at in reach]
    )
    ring = around & ~inside
    if not inside.any() or not ring.any():
        return None
    return float((thumb[ring].mean() - thumb[inside].mean()) / (thumb.std() + 1))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Agreement in one position less that in another, image by image."""

    differences: Sequence[float]

    @property
    def sure(self) -> bool:
        """Whether the first position is the right one of the two."""
        count = len(self.differences)
        if count < 3:
            return False
        mean = statistics.fmean(self.differences)
        error = statistics.stdev(self.differences) / math.sqrt(count)
        for_it = sum(difference > 0 for difference in self.differences)
        return (
            mean >= LEAST_DIFFERENCE
            and mean >= _LEAST_ERRORS * error
            and for_it >= _LEAST_SHARE * count
        )
