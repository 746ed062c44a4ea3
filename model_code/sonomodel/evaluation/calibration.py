"""How far a classifier's probabilities can be believed: temperature, calibration error.

Temperature scaling (Guo et al., 2017) divides all logits by one number, found on the validation
split. It changes no decision, only how sure the model says it is.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

BINS = 15  # of equal width, as in Guo et al.
LOWEST, HIGHEST = 0.5, 10.0  # a small split that is all correct would drive it towards 0
STEPS = 60  # of golden-section search: far below the accuracy of the data
GOLDEN = (5**0.5 - 1) / 2


def temperature(logits: Tensor, labels: Tensor) -> float:
    """The one with the lowest cross-entropy. logits [images, classes], labels [images].

    Cross-entropy has one minimum in the temperature, so narrowing an interval around it finds it.
    """

    def loss(log_temperature: float) -> float:
        return _cross_entropy(logits, labels, float(np.exp(log_temperature)))

    low, high = float(np.log(LOWEST)), float(np.log(HIGHEST))
    for _ in range(STEPS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        low, high = (low, right) if loss(left) <= loss(right) else (left, high)
    return round(float(np.exp((low + high) / 2)), 4)


def likelihood(logits: Tensor, labels: Tensor) -> float:
    """The geometric mean of the probabilities given to the true labels, at the best temperature: 0
    to 1, of which a guess among n classes gets 1 / n.

    Unlike accuracy or F1 it has no steps, of which a small split has few, and unlike cross-entropy
    it does not punish a network for being too sure, which the temperature undoes.
    """
    return float(np.exp(-_cross_entropy(logits, labels, temperature(logits, labels))))


def _cross_entropy(logits: Tensor, labels: Tensor, temperature: float) -> float:
    return float(functional.cross_entropy(logits.double() / temperature, labels))


@dataclasses.dataclass(frozen=True)
class Bin:
    """Images whose label was given with a probability from `low` to `high`."""

    low: float
    high: float
    images: int
    confidence: float | None  # mean probability of the label; None in an empty bin
    accuracy: float | None


def reliability(probabilities: NDArray[np.float64], true: NDArray[np.int64]) -> list[Bin]:
    """What a reliability diagram shows. probabilities [images, classes], true [images]."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == true
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        inside = place == number
        count = int(inside.sum())
        mean = float(confidence[inside].mean()) if count else None
        share = float(right[inside].mean()) if count else None
        bins.append(Bin(number / BINS, (number + 1) / BINS, count, mean, share))
    return bins


def expected_calibration_error(bins: list[Bin]) -> float | None:
    """Mean distance of confidence from accuracy, weighted by images (Naeini et al., 2015)."""
    images = sum(one.images for one in bins)
    if not images:
        return None
    filled = [(b.images, b.confidence, b.accuracy) for b in bins]
    return sum(n * abs(c - a) for n, c, a in filled if c is not None and a is not None) / images
