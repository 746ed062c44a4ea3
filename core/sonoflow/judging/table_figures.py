"""How good a table's model is, from its scores of rows that it has not seen.

Every figure with an interval has a 95 % one. Rates have Wilson's (1927). The AUC has DeLong's
(1988) on the logit scale, which keeps it within 0 and 1; where the variance of DeLong is zero, as
with classes that the scores separate, it would be a point, and Newcombe's score interval (2006,
method 5, after Hanley and McNeil) stands in its place.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
ROC_POINTS_LIMIT = 200
_Z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_BISECTIONS = 60

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Interval = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Baseline:
    """What the training split alone would answer to every row."""

    majority: int  # the number of its most frequent class
    median: float  # of its labels


@dataclasses.dataclass(frozen=True)
class Figure:
    value: float | None  # None where it is undefined
    interval: Interval | None = None
    method: str = ""  # of the interval


_OF_TWO_CLASSES = ("sensitivity", "specificity", "auc", "mae", "baseline_mae")
_UNDEFINED = Figure(None)


def evaluate(
    truth: Labels,
    scores: Floats,
    predicted: Labels,
    classes: Sequence[str],
    baseline: Baseline,
    cut: float | None = None,
) -> dict[str, Any]:
    """The evaluation of a table's model, without the task's name.

    `truth` and `predicted` (n,) hold numbers of classes, `scores` (n,) what the model gave: of two
    classes the score of class 1, of more that of the predicted one. `cut` is the threshold where it
    is known. A figure that is undefined, or makes no sense with more than two classes, is None.
    Raises ValueError where there is no row, or a label that is no class.
    """
    _check(truth, scores, predicted, len(classes))
    binary = len(classes) == 2
    matrix = confusion_matrix(truth, predicted, len(classes))
    figures = _figures(matrix, truth, scores, baseline)
    intervals = {name: list(f.interval) for name, f in figures.items() if f.interval}
    return {
        "rows": len(truth),
        "classes": list(classes),
        "metrics": {**{n: f.value for n, f in figures.items()}, "intervals": intervals},
        "interval_methods": {name: figures[name].method for name in intervals},
        "confusion_matrix": matrix.tolist(),
        "roc": roc(truth, scores).tolist() if binary else [],
        "threshold": _threshold(scores, predicted, cut) if binary else None,
    }


def _figures(
    matrix: Labels, truth: Labels, scores: Floats, baseline: Baseline
) -> dict[str, Figure]:
    figures = {
        "accuracy": _rate(int(np.trace(matrix)), len(truth)),
        "majority_accuracy": Figure(float(np.mean(truth == baseline.majority))),
        **dict.fromkeys(_OF_TWO_CLASSES, _UNDEFINED),
    }
    if len(matrix) > 2:
        return figures
    return figures | {
        "sensitivity": _rate(int(matrix[1, 1]), int(matrix[1].sum())),
        "specificity": _rate(int(matrix[0, 0]), int(matrix[0].sum())),
        "auc": auc(truth, scores),
        "mae": Figure(float(np.mean(np.abs(scores - truth)))),
        "baseline_mae": Figure(float(np.mean(np.abs(baseline.median - truth)))),
    }


def _check(truth: Labels, scores: Floats, predicted: Labels, classes: int) -> None:
    lengths = {len(truth), len(scores), len(predicted)}
    if lengths == {0} or len(lengths) > 1:
        raise ValueError(f"labels, scores and predictions must be as many, not {sorted(lengths)}")
    if min(truth.min(), predicted.min()) < 0 or max(truth.max(), predicted.max()) >= classes:
        raise ValueError(f"a label is none of the {classes} classes")


def confusion_matrix(truth: Labels, predicted: Labels, classes: int) -> Labels:
    """(classes, classes) counts: a row per true class, a column per predicted one."""
    counts = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def wilson(hits: int, trials: int) -> Interval:
    """Wilson's score interval of a rate. Raises ValueError without trials."""
    if trials < 1:
        raise ValueError("a rate of no trials has no interval")
    rate, weight = hits / trials, _Z**2 / trials
    middle = (rate + weight / 2) / (1 + weight)
    half = _Z / (1 + weight) * math.sqrt(rate * (1 - rate) / trials + weight / (4 * trials))
    return (0.0 if hits == 0 else middle - half, 1.0 if hits == trials else middle + half)


def auc(truth: Labels, scores: Floats) -> Figure:
    """The area under the ROC curve of class 1 against class 0, ties counted half; undefined where
    a class is absent."""
    positive, negative = scores[truth == 1], scores[truth == 0]
    m, n = len(positive), len(negative)
    if not m or not n:
        return _UNDEFINED
    ranks = _midranks(np.concatenate([positive, negative]))
    above = (ranks[:m] - _midranks(positive)) / n  # share of negatives below each positive
    below = 1 - (ranks[m:] - _midranks(negative)) / m  # share of positives above each negative
    value = float(above.mean())
    variance = (float(above.var(ddof=1)) / m + float(below.var(ddof=1)) / n) if m > 1 < n else 0.0
    if variance > 0 and 0 < value < 1:
        return Figure(value, _logit_interval(value, math.sqrt(variance)), "DeLong")
    return Figure(value, _newcombe_interval(value, m, n), "Newcombe")


def roc(truth: Labels, scores: Floats) -> Floats:
    """(k, 2) false and true positive rates at falling thresholds, from (0, 0) to (1, 1).

    At most 200 points, the corners of the curve; no point where a class is absent.
    """
    order = np.argsort(-scores, kind="stable")
    labels, sorted_scores = truth[order], scores[order]
    last = np.append(np.flatnonzero(np.diff(sorted_scores)), len(labels) - 1)  # of equal scores
    positives = np.cumsum(labels == 1)
    if not positives[-1] or positives[-1] == len(labels):
        return np.empty((0, 2))
    hits = np.append(0, positives[last])
    alarms = np.append(0, last + 1 - positives[last])
    corner = np.ones(len(hits), dtype=bool)
    corner[1:-1] = np.diff(hits[:-1]) * np.diff(alarms[1:]) != np.diff(hits[1:]) * np.diff(
        alarms[:-1]
    )
    curve = np.column_stack([alarms / alarms[-1], hits / hits[-1]])[corner]
    if len(curve) > ROC_POINTS_LIMIT:
        curve = curve[np.linspace(0, len(curve) - 1, ROC_POINTS_LIMIT).round().astype(int)]
    return curve


def _threshold(scores: Floats, predicted: Labels, cut: float | None) -> float | None:
    """The one that is known, else the middle of the gap between the highest score that was called
    class 0 and the lowest that was called class 1: an endpoint does not tell its threshold."""
    if cut is not None:
        return cut
    negative, positive = scores[predicted == 0], scores[predicted == 1]
    if not len(negative) or not len(positive) or negative.max() > positive.min():
        return None
    return float((negative.max() + positive.min()) / 2)


def _rate(hits: int, trials: int) -> Figure:
    return Figure(hits / trials, wilson(hits, trials), "Wilson") if trials else _UNDEFINED


def _midranks(values: Floats) -> Floats:
    """(n,) ranks from 1, equal values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def _logit_interval(value: float, error: float) -> Interval:
    middle, half = math.log(value / (1 - value)), _Z * error / (value * (1 - value))
    return 1 / (1 + math.exp(half - middle)), 1 / (1 + math.exp(-half - middle))


def _newcombe_interval(value: float, m: int, n: int) -> Interval:
    """All areas that the observed one is within z standard errors of; the errors are the supposed
    area's own, by Hanley and McNeil, with both classes' sizes at their mean."""

    def surprising(area: float) -> bool:
        weight = (m + n) / 2 - 1
        spread = 1 + weight * ((1 - area) / (2 - area) + area / (1 + area))
        return (value - area) ** 2 > _Z**2 * area * (1 - area) * spread / (m * n)

    return _edge(surprising, 0.0, value), _edge(surprising, 1.0, value)


def _edge(surprising: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where the areas between two begin to surprise; `outside` where it does not itself."""
    if not surprising(outside):
        return outside
    for _ in range(_BISECTIONS):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if surprising(middle) else (outside, middle)
    return inside
