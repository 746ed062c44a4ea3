"""How large a lesion is: its area, its longest axis and what it measures across that."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import numpy.typing as npt

from sonoflow.images import regions
from sonoflow.images.regions import Mask

Point = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Measures:
    """In pixels, or in whatever unit the pixels' size was given."""

    area: float  # of all of the mask
    longest: float  # of its largest component: between the corners that lie furthest apart
    perpendicular: float  # the same component's width across that axis


def measure(mask: Mask, spacing: tuple[float, float] = (1.0, 1.0)) -> Measures | None:
    """None of an empty mask. `spacing` is a pixel's width and height.

    Pixels are rectangles: a single one is as long as its diagonal.
    """
    count = int(np.count_nonzero(mask))
    if not count:
        return None
    corners = _hull(_corners(regions.Runs(mask, diagonal=True).largest(), spacing))
    longest, axis = _longest(corners)
    across = corners @ np.array((-axis[1], axis[0]))
    width = float(across.max() - across.min())
    return Measures(count * spacing[0] * spacing[1], longest, width)


def _corners(mask: Mask, spacing: tuple[float, float]) -> list[Point]:
    """Those of each row's first and last pixel, by their place across and then down."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - mask[rows, ::-1].argmax(axis=1)
    found = {
        (column * spacing[0], line * spacing[1])
        for row, left, right in zip(rows.tolist(), first.tolist(), last.tolist(), strict=True)
        for column, line in itertools.product((left, right), (row, row + 1))
    }
    return sorted(found)


def _hull(points: list[Point]) -> npt.NDArray[np.float64]:
    """The convex hull's corners, (corners, 2): Andrew's monotone chain."""
    lower, upper = _chain(points), _chain(points[::-1])
    return np.array(lower[:-1] + upper[:-1])


def _chain(points: list[Point]) -> list[Point]:
    found: list[Point] = []
    for x, y in points:
        while len(found) > 1:
            (ax, ay), (bx, by) = found[-2:]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            found.pop()
        found.append((x, y))
    return found


def _longest(corners: npt.NDArray[np.float64]) -> tuple[float, Point]:
    """The greatest distance of two corners, and its direction. One row of distances at a time."""
    best, axis = 0.0, (1.0, 0.0)
    for at in range(len(corners) - 1):
        ways = corners[at + 1 :] - corners[at]
        squares = (ways * ways).sum(axis=1)
        furthest = int(squares.argmax())
        if squares[furthest] > best:
            best = float(squares[furthest])
            axis = (float(ways[furthest, 0]), float(ways[furthest, 1]))
    length = math.sqrt(best)
    return length, (axis[0] / length, axis[1] / length)
