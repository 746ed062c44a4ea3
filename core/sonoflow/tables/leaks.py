"""Columns that give the answer away: the label once more, in whatever numbers."""

from __future__ import annotations

import json
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.tables.statistics import Statistics

LISTED = 5
# Between the classes' means; of WDBC's measures none reaches three.
FAR_DEVIATIONS = 5.0
# Of two values, so often right of both classes on average; few signs of a disease are.
AGREEING = 0.85
_EXACT = 1e-6


def check(statistics: Statistics, features: Collection[str], chosen: bool) -> list[Assumption]:
    """What is to be said of `features` each of which parts the classes nearly without exception,
    or is of two values and agrees with the label.

    Raises DatasetRefused (label-leaked) for one that is the same number in all rows of each class:
    it is the label, unless somebody has `chosen` it as a feature by its name.
    """
    low, high = statistics.minima, statistics.maxima  # (classes, features)
    used = np.isin(statistics.features, list(features))
    copies = used & (low == high).all(axis=0) & (low.min(axis=0) < low.max(axis=0))
    if copies.any() and not chosen:
        raise _leaked([statistics.features[at] for at in np.flatnonzero(copies)])
    order = np.argsort(low, axis=0)
    low, high = np.take_along_axis(low, order, 0), np.take_along_axis(high, order, 0)
    apart = used & ((high[:-1] < low[1:]).all(axis=0) | _far_apart(statistics))
    if chosen:
        return []
    said = []
    if apart.any():
        said.append(_parting([statistics.features[at] for at in np.flatnonzero(apart)]))
    agreeing = _agreeing(statistics)
    for at in np.flatnonzero(used & ~apart & (agreeing >= AGREEING)).tolist():
        said.append(_agrees(statistics.features[at], float(agreeing[at])))
    return said


def _agreeing(statistics: Statistics) -> NDArray[np.float64]:
    """(features,): of those of two values, how often one value is one class and the other the
    other, on average of the two classes; 0 of other features."""
    nothing = np.zeros(len(statistics.features))
    if len(statistics.classes) != 2:
        return nothing
    low, width = statistics.minimum, statistics.maximum - statistics.minimum
    one, other = map(statistics.class_moments, statistics.classes)
    scale = np.where(width > 0, width, 1)
    shares = [(moments.mean - low) / scale for moments in (one, other)]
    # Of values at both ends alone, and of no others, the variance is the shares' product.
    spread = [moments.squares / moments.count / scale**2 for moments in (one, other)]
    ends = [
        np.abs(square - share * (1 - share)) < _EXACT
        for square, share in zip(spread, shares, strict=True)
    ]
    two = ends[0] & ends[1] & (width > 0)
    return np.where(two, (1 + np.abs(shares[0] - shares[1])) / 2, nothing)


def _far_apart(statistics: Statistics) -> NDArray[np.bool_]:
    """(features,): which part two classes further than measures do: the label with some errors."""
    if len(statistics.classes) != 2:
        return np.zeros(len(statistics.features), dtype=bool)
    one, other = map(statistics.class_moments, statistics.classes)
    spread = np.hypot(one.deviation, other.deviation) / np.sqrt(2)
    far: NDArray[np.bool_] = np.abs(one.mean - other.mean) > FAR_DEVIATIONS * spread
    return far


def _leaked(names: list[str]) -> DatasetRefused:
    detail = (
        f"{_listed(names)}: one number in each class, so it is the label again. Pass over it with"
        f" {_ignoring(names)}, or name it among the 'features' if it is one"
    )
    return DatasetRefused("label-leaked", detail)


def _parting(names: list[str]) -> Assumption:
    detail = f"{_listed(names)} is a measure, though it alone parts the classes in nearly every row"
    return Assumption("parts-the-classes", detail, _ignoring(names))


def _agrees(name: str, rate: float) -> Assumption:
    detail = (
        f"column {name!r} is a measure, though its two values agree with the label in"
        f" {100 * rate:.0f} % of the rows, on average of both classes"
    )
    return Assumption("agrees-with-label", detail, _ignoring([name]))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"column {', '.join(map(repr, names[:LISTED]))}{more}"


def _ignoring(names: list[str]) -> str:
    return json.dumps({"ignore": names[:LISTED]}, ensure_ascii=False)
