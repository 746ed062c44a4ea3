"""How far a predicted mask's outline lies from the true one: HD95, in pixels of the image.

As the training scripts measure it on their test split (sonomodel's evaluation/boundary.py, which no
function carries); tests hold the two to be equal.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sonoflow.images.pixels import Mask

Distances = npt.NDArray[np.float64]
_CHUNK = 2_000_000  # distances at a time: bounds the memory


def hd95(predicted: Mask, true: Mask) -> float | None:
    """None where one of the masks is empty. Both (height, width).

    The 95th percentile of the distances of one outline's pixels to the other, the larger of both
    directions (Metrics Reloaded, Maier-Hein et al., 2024).
    """
    if not predicted.any() or not true.any():
        return None
    first, second = _edge(predicted), _edge(true)
    there, back = _distances(first, second), _distances(second, first)
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def _edge(mask: Mask) -> Mask:
    """Pixels with a neighbour above, below, left or right that is not in the mask; what lies
    outside the image is not."""
    around = np.pad(mask, 1)
    inside = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    edge: Mask = mask & ~inside
    return edge


def _distances(points: Mask, target: Mask) -> Distances:
    """Of each pixel of `points` to the nearest of `target`, by that nearest in every column."""
    rows, columns = np.nonzero(points)
    within = _within_columns(target)
    across = np.arange(target.shape[1])
    step = max(1, _CHUNK // target.shape[1])
    found = []
    for start in range(0, len(rows), step):
        some = slice(start, start + step)
        squares = within[rows[some]] ** 2 + (across[None] - columns[some, None]) ** 2
        found.append(np.sqrt(squares.min(axis=1)))
    return np.concatenate(found)


def _within_columns(target: Mask) -> Distances:
    """Of every pixel to the nearest of `target` in its column; infinite where there is none."""
    places = np.arange(len(target), dtype=np.float64)[:, None]
    above = np.maximum.accumulate(np.where(target, places, -np.inf), axis=0)
    below = np.minimum.accumulate(np.where(target, places, np.inf)[::-1], axis=0)[::-1]
    nearest: Distances = np.minimum(places - above, below - places)
    return nearest
