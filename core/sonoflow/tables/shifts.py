"""Rows whose values stand one column beside their own: a cell was lost, the width is right.

Told by statistics of a sample alone: such values lie far from what is usual in their column, and
are usual in the next one. Where columns hold like values nothing tells.
"""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused

CODE = "cells-shifted"
_ROWS, _FEATURES = 20, 4  # fewer tell nothing
_REACH = 8  # times the distance of the quartiles, beyond them, is far
_SMALLEST = 0.05  # of the lower quartile, of a measure that is never below zero
_FAR = 2  # values of a row
_LEFT = 0.25  # of these may be far still where the row is put right
_MOVED = 3  # values at least
_FEW_SHARE = 0.01  # of the rows that are used nevertheless: measures with long tails look so

Values = NDArray[np.float64]


def check(
    values: Values, lines: NDArray[np.int64], names: tuple[str, ...], chosen: bool
) -> list[Assumption]:
    """What is to be said of a sample's rows, (n, features), and their lines. Raises DatasetRefused
    (cells-shifted) where more than a few are, unless somebody has `chosen` the features."""
    if chosen or not (moved := are_moved(values)).any():
        return []
    count = int(moved.sum())
    settle = json.dumps({"features": [*names[:3], "…"]}, ensure_ascii=False)
    told = (
        f"{count} of {len(values)} rows looked at, the first in line {int(lines[moved].min())},"
        " hold values that are usual one column further and not where they stand"
    )
    if count > _FEW_SHARE * len(values):
        detail = f"{told}: a cell was lost or put in. Put it right; if all is as it should be, name"
        raise DatasetRefused(CODE, f"{detail} the columns, {settle}")
    return [Assumption(CODE, f"{told}; they are used as they are", settle)]


def are_moved(values: Values) -> NDArray[np.bool_]:
    """(n,): which rows (n, features) seem to be."""
    rows, features = values.shape
    if rows < _ROWS or features < _FEATURES:
        return np.zeros(rows, dtype=bool)
    low, high = _usual(values)
    far = (values < low) | (values > high)
    before = np.cumsum(np.pad(far, ((0, 0), (1, 0))), axis=1)  # far ones before each column
    total = before[:, -1]
    starts = features - _MOVED
    best = np.full(rows, features)
    for here, there in ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1))):
        moved = (values[:, here] < low[there]) | (values[:, here] > high[there])
        after = np.cumsum(moved[:, ::-1], axis=1)[:, ::-1]  # far ones from each column on
        best = np.minimum(best, (before[:, :starts] + after[:, :starts]).min(axis=1))
    found: NDArray[np.bool_] = (total >= _FAR) & (best <= _LEFT * total)
    return found


def _usual(values: Values) -> tuple[Values, Values]:
    """The ends of what is usual, (features,) each; all is, where quartiles are one number."""
    first, third = np.quantile(values, (0.25, 0.75), axis=0)
    reach = np.where(third > first, _REACH * (third - first), np.inf)
    low = first - reach
    positive = np.quantile(values, 0.1, axis=0) > 0
    return np.where(positive, np.maximum(low, _SMALLEST * first), low), third + reach
