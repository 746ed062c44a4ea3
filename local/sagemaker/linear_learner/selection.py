"""Which of the trained models is kept, and a binary classifier's threshold: by accuracy.

What is within one row of the best counts as equally good: on few rows such a difference is luck.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.dataset import Labels

Floats = npt.NDArray[np.float64]
NEUTRAL = 0.0  # even odds; the middle of the margin
_ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True)
class Threshold:
    """On the linear score, where a row at it is positive, and the accuracy that it gives."""

    value: float
    accuracy: float


@dataclasses.dataclass(frozen=True)
class Choice:
    model: int
    threshold: float | None = None


def by_loss(losses: Floats) -> Choice:
    """The model with the least of the losses (models,)."""
    return Choice(int(np.where(np.isfinite(losses), losses, np.inf).argmin()))


def by_accuracy(scores: Floats, labels: Labels, losses: Floats) -> Choice:
    """The first of the most accurate models, each with its own best threshold: the first is the
    one that was asked for.

    `scores` are linear, (rows, models); a model whose loss, of (models,), is infinite is none.
    """
    thresholds = [
        best_threshold(one, labels) if np.isfinite([*one, loss]).all() else None
        for one, loss in zip(scores.T, losses, strict=True)
    ]
    accuracies = np.array([one.accuracy if one else -np.inf for one in thresholds])
    chosen = int(_as_good_as_best(accuracies, len(labels))[0])
    threshold = thresholds[chosen]
    return Choice(chosen, threshold.value if threshold else NEUTRAL)


def best_threshold(scores: Floats, labels: Labels) -> Threshold:
    """For linear scores (rows,) and labels (rows,): the one nearest to even odds of the best."""
    positive = labels > 0
    distinct = np.unique(scores)
    between = (distinct[:-1] + distinct[1:]) / 2
    thresholds = np.concatenate([[NEUTRAL, distinct[0] - 1, distinct[-1] + 1], between])
    true_positives = _at_least(scores[positive], thresholds)
    true_negatives = (~positive).sum() - _at_least(scores[~positive], thresholds)
    accuracies = (true_positives + true_negatives) / len(labels)
    best = _as_good_as_best(accuracies, len(labels))
    chosen = best[np.argmin(np.abs(thresholds[best] - NEUTRAL))]
    return Threshold(float(thresholds[chosen]), float(accuracies[chosen]))


def _as_good_as_best(accuracies: Floats, rows: int) -> npt.NDArray[np.int64]:
    return np.flatnonzero(accuracies >= accuracies.max() - 1 / rows - _ROUNDING)


def _at_least(scores: Floats, thresholds: Floats) -> Floats:
    """How many scores reach each threshold."""
    ordered = np.sort(scores)
    return (len(ordered) - np.searchsorted(ordered, thresholds)).astype(np.float64)
