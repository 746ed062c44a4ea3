"""From a segmenter's probabilities to a mask, its figures and a picture to look at."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
from PIL import Image

from sonoflow.images import outlines, regions
from sonoflow.images.pixels import Mask, Pixels

THRESHOLD = 128  # where the segmenter's probability map puts the model's decision


@dataclasses.dataclass(frozen=True)
class SegmentedLesions:
    """What a segmenter's mask says."""

    mask: Mask
    pixels: int
    fraction: float  # of the image
    bounding_box: tuple[int, int, int, int] | None  # left, top, right, bottom; last two exclusive
    components: int


def find(probabilities: Pixels) -> SegmentedLesions:
    """The lesions in a map of probabilities (height, width)."""
    mask = probabilities >= THRESHOLD
    pixels = int(mask.sum())
    fraction, components = pixels / mask.size, count_components(mask)
    box = regions.bounding_box(mask)
    return SegmentedLesions(mask, pixels, fraction, box, components)


def count_components(mask: Mask) -> int:
    """Regions that hang together, corners included."""
    return regions.Runs(mask, diagonal=True).components


def draw(pixels: Pixels, mask: Mask) -> bytes:
    """The image with its lesions outlined, as PNG of the same size."""
    buffer = io.BytesIO()
    Image.fromarray(outlined(pixels, mask)).save(buffer, format="PNG")
    return buffer.getvalue()


def outlined(pixels: Pixels, mask: Mask) -> Pixels:
    """The same as (height, width, 3) of red, green and blue."""
    coloured = np.repeat(pixels[:, :, np.newaxis], 3, axis=2)
    line = max(1, round(min(mask.shape) / 200))
    coloured[outlines.outline(mask, line)] = outlines.COLOUR
    return coloured
