"""What a classifier's answers to images are worth, from the probabilities that it gave.

Figures that a release's evaluation has too are computed as it does (sonomodel's evaluation, which
no function carries; tests hold the two to be equal). A figure that is undefined is None, never 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sonoflow.external.intervals import Picks

BENIGN, MALIGNANT = "benign", "malignant"
SPECIFICITY = 0.9  # that sensitivity is told at
FIXED = "sensitivity_at_90_specificity"
BINS = 15  # of calibration, of equal width
OF_CLASS = ("recall", "precision", "f1", "auc")

Floats = npt.NDArray[np.float64]
Plain = dict[str, float | None]


@dataclasses.dataclass(frozen=True)
class Answers:
    true: npt.NDArray[np.int64]  # (images,), places in `classes`
    probabilities: Floats  # (images, classes)
    classes: tuple[str, ...]

    @classmethod
    def of(cls, records: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> Answers:
        """Of records whose class is among the model's."""
        true = np.array([classes.index(record["class"]) for record in records], dtype=np.int64)
        rows = [[record["probabilities"][name] for name in classes] for record in records]
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(classes))
        return cls(true, table, tuple(classes))

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return found

    def pick(self, picks: Picks) -> Answers:
        return dataclasses.replace(
            self, true=self.true[picks], probabilities=self.probabilities[picks]
        )


def figures(answers: Answers, known: dict[str, Plain] | None = None) -> Plain:
    """Those of all classes together; `known` are those by class, where they are."""
    per_class = known or by_class(answers)
    present = [one for one in per_class.values() if one["recall"] is not None]
    shares, malignant = malignant_shares(answers)
    return {
        "accuracy": _mean((answers.predicted == answers.true).astype(float).tolist()),
        "macro_f1": _mean(one["f1"] for one in present),
        "macro_auc": _mean(one["auc"] for one in per_class.values()),
        "malignant_auc": auc(shares, malignant),
        FIXED: operating_point(shares, malignant)["sensitivity"],
        "ece": calibration_error(answers),
    }


def by_class(answers: Answers) -> dict[str, Plain]:
    """A class without true images has none; precision is 0 for one that is never predicted."""
    return {name: _of_class(answers, place) for place, name in enumerate(answers.classes)}


def _of_class(answers: Answers, place: int) -> Plain:
    is_true, said = answers.true == place, answers.predicted == place
    support, predicted = int(is_true.sum()), int(said.sum())
    if not support:
        return dict.fromkeys(OF_CLASS)
    hits = int((is_true & said).sum())
    return {
        "recall": hits / support,
        "precision": hits / predicted if predicted else 0.0,
        "f1": 2 * hits / (support + predicted),
        "auc": auc(answers.probabilities[:, place], is_true),
    }


def confusion_matrix(answers: Answers) -> list[list[int]]:
    """A row per true class, a column per predicted one."""
    number = len(answers.classes)
    places = answers.true * number + answers.predicted
    counts = np.bincount(places, minlength=number * number).reshape(number, number)
    rows: list[list[int]] = counts.tolist()
    return rows


def malignant_shares(answers: Answers) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Of the images that are benign or malignant the malignant share of these two probabilities,
    and which are malignant. Empty where the classes have other names."""
    if not {BENIGN, MALIGNANT} <= set(answers.classes):
        return np.empty(0), np.empty(0, dtype=np.bool_)
    benign, malignant = (answers.classes.index(name) for name in (BENIGN, MALIGNANT))
    lesions = np.isin(answers.true, (benign, malignant))
    one, other = (answers.probabilities[lesions, place] for place in (benign, malignant))
    return other / np.maximum(one + other, 1e-12), answers.true[lesions] == malignant


def auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float | None:
    """The probability that a positive scores above a negative, equal scores counting one half."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    above = float(ranks[positive].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def operating_point(scores: Floats, positive: npt.NDArray[np.bool_]) -> Plain:
    """The lowest threshold, from which on an image is called positive, that leaves the specificity
    at SPECIFICITY or above, and both rates there. Undefined without either kind of image."""
    negatives = np.sort(scores[~positive])
    if not len(negatives) or not positive.any():
        return {"threshold": None, "sensitivity": None, "specificity": None}
    # So many negatives must lie below the threshold; the epsilon is for 0.9 * 10 above 9.
    below = int(np.ceil(SPECIFICITY * len(negatives) - 1e-9))
    floor = negatives[below - 1]
    above = scores[scores > floor]
    threshold = float(above.min()) if len(above) else float(np.nextafter(floor, np.inf))
    return {"threshold": threshold, **rates(scores, positive, threshold)}


def rates(scores: Floats, positive: npt.NDArray[np.bool_], threshold: float) -> Plain:
    """Sensitivity and specificity of a threshold, which may be another set's."""
    called = scores >= threshold
    return {
        "sensitivity": _mean(called[positive].astype(float).tolist()),
        "specificity": _mean((~called[~positive]).astype(float).tolist()),
    }


def calibration_error(answers: Answers) -> float | None:
    """Expected calibration error over bins of the label's probability (Naeini et al., 2015)."""
    if not len(answers.true):
        return None
    confidence = answers.probabilities.max(axis=1)
    right = answers.predicted == answers.true
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    apart = np.abs(
        np.bincount(place, weights=confidence, minlength=BINS)
        - np.bincount(place, weights=right.astype(float), minlength=BINS)
    )
    return float(apart.sum() / counts.sum())


def _mean(values: Any) -> float | None:
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None
