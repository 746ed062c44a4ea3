"""Connected components of a mask: pixels that touch, diagonals included.

Runs of pixels in a row are joined with the runs they touch in the row above, so the work grows with
the outlines of a mask, not with its area.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest component of a mask [height, width] alone; of equals the uppermost."""
    rows, starts, ends = _runs(mask)
    if not len(rows):
        return mask.copy()
    roots = _join(rows.tolist(), starts.tolist(), ends.tolist())
    sizes = np.bincount(roots, weights=ends - starts)
    kept = np.zeros_like(mask)
    for run in np.flatnonzero(roots == int(sizes.argmax())):
        kept[rows[run], starts[run] : ends[run]] = True
    return kept


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
    """Row, first and past-the-last column of every run, from above, from left to right."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    return rows, starts, np.nonzero(edges == -1)[1]


def _join(rows: list[int], starts: list[int], ends: list[int]) -> NDArray[np.int64]:
    """The component of each run, named by its first run."""
    parents = list(range(len(rows)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    above = 0
    for run in range(len(rows)):
        # Neither runs of earlier rows nor those that end left of this one touch what follows.
        while rows[above] < rows[run] - 1 or (
            rows[above] == rows[run] - 1 and ends[above] < starts[run]
        ):
            above += 1
        other = above
        while rows[other] == rows[run] - 1 and starts[other] <= ends[run]:
            first, second = sorted((root(run), root(other)))
            parents[second] = first
            other += 1
    return np.array([root(run) for run in range(len(rows))])
