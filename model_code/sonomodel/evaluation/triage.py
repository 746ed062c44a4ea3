"""From which probability on a classifier's labels need no person: risk against coverage.

The answers with the highest probabilities are given without a person. Coverage is their share, risk
is how often they are wrong (El-Yaniv and Wiener, On the foundations of noise-free selective
classification, 2010). The threshold is chosen on the validation split, and says of other images as
much as that split is like them; a few dozen images tell 0.95 from 0.9 hardly at all.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS = 1e6
POINTS = 20  # of a curve, evenly over the coverage

Probabilities = NDArray[np.float64]  # [images, classes]
Labels = NDArray[np.int64]  # [images], places in the classes


@dataclasses.dataclass(frozen=True)
class Automatic:
    """Images whose answer needs no person, by a threshold."""

    images: int  # of all
    automatic: int
    right: int

    @property
    def coverage(self) -> float:
        return self.automatic / self.images if self.images else 0.0

    @property
    def accuracy(self) -> float | None:
        return self.right / self.automatic if self.automatic else None

    def document(self) -> dict[str, Any]:
        return {
            **dataclasses.asdict(self),
            "coverage": round(self.coverage, 6),
            "accuracy": None if self.accuracy is None else round(self.accuracy, 6),
        }


def automatic(probabilities: Probabilities, true: Labels, threshold: float | None) -> Automatic:
    """By a threshold; None: nothing is automatic."""
    confidence, right = _answers(probabilities, true)
    chosen = confidence >= (math.inf if threshold is None else threshold)
    return Automatic(len(confidence), int(chosen.sum()), int(right[chosen].sum()))


def choose(probabilities: Probabilities, true: Labels, accuracy: float) -> dict[str, Any]:
    """The lowest threshold with which automatic answers are right as often as `accuracy` (0 to 1)
    asks, as model.json holds it: `threshold` is null where there is none, `validation` says how
    many of these images it leaves to nobody."""
    confidence, _ = _answers(probabilities, true)
    # Rounded down: the image at the threshold is to be above it, whatever writes it down.
    thresholds = sorted({math.floor(one * DIGITS) / DIGITS for one in confidence.tolist()})
    for threshold in thresholds:
        found = automatic(probabilities, true, threshold)
        if found.right >= accuracy * found.automatic:
            return _document(accuracy, threshold, found)
    return _document(accuracy, None, Automatic(len(confidence), 0, 0))


def curve(probabilities: Probabilities, true: Labels) -> list[dict[str, float]]:
    """Coverage, the threshold that leads to it and the risk there, by rising coverage."""
    confidence, right = _answers(probabilities, true)
    order = np.argsort(-confidence, kind="stable")
    confidence, wrong = confidence[order], np.cumsum(~right[order])
    counts = sorted({math.ceil(len(order) * point / POINTS) for point in range(1, POINTS + 1)})
    return [
        {
            "coverage": round(count / len(order), 6),
            "threshold": math.floor(confidence[count - 1] * DIGITS) / DIGITS,
            "risk": round(float(wrong[count - 1]) / count, 6),
        }
        for count in counts
        if count
    ]


def _answers(
    probabilities: Probabilities, true: Labels
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return probabilities.max(axis=1), np.asarray(probabilities.argmax(axis=1) == true)


def _document(accuracy: float, threshold: float | None, found: Automatic) -> dict[str, Any]:
    return {
        "required_accuracy": accuracy,
        "threshold": threshold,
        "validation": found.document(),
    }
