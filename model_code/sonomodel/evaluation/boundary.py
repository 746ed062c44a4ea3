"""How far the outline of a predicted mask lies from the true one: HD95.

Each pixel of one outline has a distance to the nearest pixel of the other. HD95 is the 95th
percentile of them, taken in both directions, the larger of the two (Metrics Reloaded, Maier-Hein et
al., 2024). Images carry no physical scale, so its unit is the pixel of the source image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
CHUNK = 2_000_000  # distances at a time: bounds the memory


def hd95(predicted: Mask, true: Mask) -> float | None:
    """In pixels; None where one of the masks is empty. Both [height, width]."""
    if not predicted.any() or not true.any():
        return None
    first, second = outline(predicted), outline(true)
    there, back = distances(first, second), distances(second, first)
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def outline(mask: Mask) -> Mask:
    """The mask's pixels with a neighbour above, below, left or right that is not in it.

    What lies outside the image is not in it.
    """
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(mask & ~inner)


def distances(points: Mask, target: Mask) -> NDArray[np.float64]:
    """Of each pixel in `points` to the nearest in `target`, which holds one at least.

    A pixel's nearest is, column by column, the nearest in that column; so for each pixel only the
    columns are compared.
    """
    rows, columns = np.nonzero(points)
    vertical = _vertical_distances(target)
    across = np.arange(target.shape[1])
    found = []
    step = max(1, CHUNK // target.shape[1])
    for start in range(0, len(rows), step):
        row, column = rows[start : start + step], columns[start : start + step]
        squares = vertical[row] ** 2 + (across[None] - column[:, None]) ** 2
        found.append(np.sqrt(squares.min(axis=1)))
    return np.concatenate(found)


def _vertical_distances(target: Mask) -> NDArray[np.float64]:
    """Of every pixel to the nearest target in its column; infinite in a column without any."""
    height = len(target)
    places = np.arange(height, dtype=np.float64)[:, None]
    above = np.maximum.accumulate(np.where(target, places, -np.inf), axis=0)
    below = np.minimum.accumulate(np.where(target, places, np.inf)[::-1], axis=0)[::-1]
    return np.asarray(np.minimum(places - above, below - places))
