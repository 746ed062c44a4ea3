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


def check(statistics: Statistics, features: Collection[str], chosen: bool) -> list[Assumption]:
    """What is to be said of `features` each of which parts the classes nearly without exception.

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
    if chosen or not apart.any():
        return []
    return [_parting([statistics.features[at] for at in np.flatnonzero(apart)])]


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


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"column {', '.join(map(repr, names[:LISTED]))}{more}"


def _ignoring(names: list[str]) -> str:
    return json.dumps({"ignore": names[:LISTED]}, ensure_ascii=False)
