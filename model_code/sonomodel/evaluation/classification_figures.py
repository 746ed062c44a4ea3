"""The figures of a classifier, from the probabilities it gave."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonomodel.evaluation.calibration import expected_calibration_error, reliability
from sonomodel.evaluation.metrics import (
    Metrics,
    auc,
    classification_metrics,
    confusion_matrix,
    mean,
)

BENIGN, MALIGNANT = "benign", "malignant"


@dataclasses.dataclass(frozen=True)
class Answers:
    true: NDArray[np.int64]  # [images], places in `classes`
    probabilities: NDArray[np.float64]  # [images, classes]
    classes: Sequence[str]

    @property
    def predicted(self) -> NDArray[np.int64]:
        return np.asarray(self.probabilities.argmax(axis=1))

    def pick(self, picks: NDArray[np.int64]) -> Answers:
        return Answers(self.true[picks], self.probabilities[picks], self.classes)


def classification_figures(answers: Answers) -> Metrics:
    """Those of the confusion matrix, and:

    macro_auc       mean over the classes present of each against the rest
    malignant_auc   malignant against benign on the images of these two, by the malignant share of
                    their probability; None where the classes have other names
    ece             expected calibration error
    """
    classes = answers.classes
    matrix = confusion_matrix(answers.true.tolist(), answers.predicted.tolist(), len(classes))
    metrics = classification_metrics(matrix, classes)
    areas = [
        auc(answers.probabilities[:, place], answers.true == place) for place in range(len(classes))
    ]
    for name, area in zip(classes, areas, strict=True):
        metrics["per_class"][name]["auc"] = area
    bins = reliability(answers.probabilities, answers.true)
    return metrics | {
        "macro_auc": mean(areas),
        "malignant_auc": _malignant_auc(answers),
        "ece": expected_calibration_error(bins),
    }


def _malignant_auc(answers: Answers) -> float | None:
    if not {BENIGN, MALIGNANT} <= set(answers.classes):
        return None
    places = [answers.classes.index(name) for name in (BENIGN, MALIGNANT)]
    lesions = np.isin(answers.true, places)
    benign, malignant = (answers.probabilities[lesions, place] for place in places)
    share = malignant / np.maximum(benign + malignant, 1e-12)
    return auc(share, answers.true[lesions] == places[1])
