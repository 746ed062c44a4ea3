"""What masks are like as shapes: what hangs together, what is enclosed, how thick it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sonoflow.images.disjoint_sets import DisjointSets

Mask = npt.NDArray[np.bool_]  # (height, width)
Box = tuple[int, int, int, int]  # left, top, right, bottom; the last two exclusive


def bounding_box(mask: Mask) -> Box | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


class Runs:
    """The horizontal runs of a mask's pixels, and which of them touch from one row to the next.

    Joining runs takes milliseconds where following single pixels would take seconds.
    """

    def __init__(self, mask: Mask, *, diagonal: bool) -> None:
        """`diagonal`: whether pixels that share but a corner touch."""
        height, width = mask.shape
        self._shape, self._stride = mask.shape, width + 2  # a gap: no run touches the next row's
        padded = np.zeros((height, self._stride), dtype=np.int8)
        padded[:, 1:-1] = mask
        steps = np.diff(padded.ravel(), prepend=0)
        self._starts, self._ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        self._sets = DisjointSets(len(self._starts))
        self.components = len(self._starts)
        self._join(0 if diagonal else 1)

    def _join(self, overlap: int) -> None:
        # Runs of the row below that touch run i are those from first[i] up to last[i].
        below = self._stride
        first = np.searchsorted(self._ends, self._starts + below + overlap, side="left")
        last = np.searchsorted(self._starts, self._ends + below - overlap, side="right")
        for run, (low, high) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
            for other in range(low, high):
                self.components -= self._sets.join(run, other)

    def hanging_together_with(self, row: int, column: int) -> Mask:
        """The pixels of the component that the mask's pixel at this place belongs to."""
        at = row * self._stride + column + 1
        seed = int(np.searchsorted(self._starts, at, side="right")) - 1
        roots = self._sets.roots()
        return self._mask(roots == roots[seed])

    def largest(self) -> Mask:
        """The pixels of the component that has most of them; of several, the uppermost."""
        if not len(self._starts):
            return np.zeros(self._shape, dtype=np.bool_)
        roots = self._sets.roots()
        _, first, numbers = np.unique(roots, return_index=True, return_inverse=True)
        sizes = np.bincount(numbers, weights=self._ends - self._starts)
        best = np.flatnonzero(sizes == sizes.max())
        return self._mask(numbers == best[np.argmin(first[best])])

    def _mask(self, chosen: npt.NDArray[np.bool_]) -> Mask:
        """The pixels of some of the runs."""
        steps = np.zeros(self._shape[0] * self._stride, dtype=np.int8)
        steps[self._starts[chosen]] = 1
        steps[self._ends[chosen]] = -1
        filled = np.cumsum(steps, dtype=np.int8).reshape(-1, self._stride)
        return filled[:, 1:-1].astype(np.bool_)


def filled(mask: Mask) -> Mask:
    """The mask with all that it encloses."""
    box = bounding_box(mask)
    if box is None:
        return mask
    left, top, right, bottom = box
    outside = np.pad(~mask[top:bottom, left:right], 1, constant_values=True)
    reached = Runs(outside, diagonal=False).hanging_together_with(0, 0)
    whole = mask.copy()
    whole[top:bottom, left:right] = ~reached[1:-1, 1:-1]
    return whole


def inside_of_frame(mask: Mask) -> Mask:
    """The mask without what hangs together with the picture's border."""
    around = Runs(np.pad(mask, 1, constant_values=True), diagonal=False)
    return mask & ~around.hanging_together_with(0, 0)[1:-1, 1:-1]


def eroded(mask: Mask, by: int) -> Mask:
    """What is left when so many pixels are taken off every edge; the picture's own are none."""
    for _ in range(by):
        padded = np.pad(mask, 1, constant_values=True)
        mask = (
            padded[1:-1, 1:-1]
            & padded[:-2, 1:-1]
            & padded[2:, 1:-1]
            & padded[1:-1, :-2]
            & padded[1:-1, 2:]
        )
    return mask


def span(mask: Mask) -> int:
    """Pixels between each row's first and last one, both included: little more than the mask where
    it is one body."""
    rows = mask[mask.any(axis=1)]
    if not rows.size:
        return 0
    first, last = rows.argmax(axis=1), mask.shape[1] - rows[:, ::-1].argmax(axis=1)
    return int((last - first).sum())


def row_spans(mask: Mask) -> Mask:
    """All between each row's first and last pixel."""
    before = np.logical_or.accumulate(mask, axis=1)
    behind = np.logical_or.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    spans: Mask = before & behind
    return spans


def border_share(mask: Mask) -> float:
    """How much of the picture's border the mask holds."""
    border = (mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1])
    return sum(int(np.count_nonzero(side)) for side in border) / sum(side.size for side in border)
