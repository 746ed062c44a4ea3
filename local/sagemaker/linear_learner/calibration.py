"""The threshold of a binary classifier, chosen by a criterion."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.dataset import Labels
from local.sagemaker.linear_learner.hyperparameters import Hyperparameters

Floats = npt.NDArray[np.float64]
NEUTRAL = 0.0  # even odds; the middle of the margin
_ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True)
class Calibration:
    """A threshold on the linear score (a row at it is positive), and what it is worth; greater is
    better."""

    threshold: float
    value: float


def calibrate(scores: Floats, labels: Labels, settings: Hyperparameters) -> Calibration:
    """The threshold that serves the criterion best on linear scores (rows,) and labels (rows,).

    What is within one row of the best counts as equally good, and of those the threshold nearest
    to even odds is taken: on few rows a farther one would follow chance. Not for the criterion
    `loss_function`, which needs no threshold.
    """
    thresholds = _thresholds(scores)
    counts = _Counts.of(scores, labels, thresholds)
    values = _values(counts, settings)
    best = np.flatnonzero(values >= values.max() - 1 / len(labels) - _ROUNDING)
    chosen = best[np.argmin(np.abs(thresholds[best] - NEUTRAL))]
    return Calibration(float(thresholds[chosen]), float(values[chosen]))


@dataclasses.dataclass(frozen=True)
class _Counts:
    """Rows by outcome, for each threshold (thresholds,)."""

    true_positives: Floats
    false_positives: Floats
    positives: int
    negatives: int

    @classmethod
    def of(cls, scores: Floats, labels: Labels, thresholds: Floats) -> _Counts:
        positive = labels > 0
        at_least = [_at_least(scores[chosen], thresholds) for chosen in (positive, ~positive)]
        count = int(positive.sum())
        return cls(at_least[0], at_least[1], count, len(labels) - count)

    @property
    def recall(self) -> Floats:
        return self.true_positives / max(1, self.positives)

    @property
    def precision(self) -> Floats:
        found = self.true_positives + self.false_positives
        return self.true_positives / np.maximum(1, found)


def _thresholds(scores: Floats) -> Floats:
    """Even odds, and one threshold in each gap between the scores and beyond them."""
    distinct = np.unique(scores)
    between = (distinct[:-1] + distinct[1:]) / 2
    return np.concatenate([[NEUTRAL, distinct[0] - 1, distinct[-1] + 1], between])


def _at_least(scores: Floats, thresholds: Floats) -> Floats:
    ordered = np.sort(scores)
    return (len(ordered) - np.searchsorted(ordered, thresholds)).astype(np.float64)


def _values(counts: _Counts, settings: Hyperparameters) -> Floats:
    recall, precision = counts.recall, counts.precision
    if settings.criterion == "accuracy":
        right = counts.true_positives + counts.negatives - counts.false_positives
        return np.asarray(right / (counts.positives + counts.negatives))
    if settings.criterion == "f_beta":
        squared = settings.beta**2
        weighted = squared * counts.positives + counts.true_positives + counts.false_positives
        return np.asarray((1 + squared) * counts.true_positives / np.maximum(weighted, 1e-12))
    if settings.criterion == "precision_at_target_recall":
        return _at_target(precision, recall, settings.target_recall)
    return _at_target(recall, precision, settings.target_precision)


def _at_target(wanted: Floats, held: Floats, target: float) -> Floats:
    """`wanted` where `held` reaches its target; elsewhere, how far below it `held` stays."""
    return np.where(held >= target, wanted, held - target)
