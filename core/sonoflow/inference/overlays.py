"""From a segmenter's probabilities to a mask, its figures and a picture to look at."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
from PIL import Image

from sonoflow.images import outlines
from sonoflow.images.disjoint_sets import DisjointSets
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
    return SegmentedLesions(mask, pixels, fraction, bounding_box(mask), components)


def bounding_box(mask: Mask) -> tuple[int, int, int, int] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def count_components(mask: Mask) -> int:
    """Regions that hang together, corners included.

    Joins horizontal runs of pixels that touch from one row to the next, which takes
    milliseconds where following single pixels would take seconds.
    """
    height, width = mask.shape
    stride = width + 2  # a gap after each row, so that no run touches the next row's first
    padded = np.zeros((height, stride), dtype=np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded.ravel(), prepend=0)
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    # Runs of the row below that touch run i are those from first[i] up to last[i].
    first = np.searchsorted(ends, starts + stride, side="left")
    last = np.searchsorted(starts, ends + stride, side="right")
    runs = DisjointSets(len(starts))
    components = len(starts)
    for run, (low, high) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        for below in range(low, high):
            components -= runs.join(run, below)
    return components


def draw(pixels: Pixels, mask: Mask) -> bytes:
    """The image with its lesions outlined, as PNG of the same size."""
    coloured = np.repeat(pixels[:, :, np.newaxis], 3, axis=2)
    line = max(1, round(min(mask.shape) / 200))
    coloured[outlines.outline(mask, line)] = outlines.COLOUR
    buffer = io.BytesIO()
    Image.fromarray(coloured).save(buffer, format="PNG")
    return buffer.getvalue()
