"""Metrics, from counts. A figure that is not defined on the images given is None, never 0.

Segmentation figures are means over images. TPR and FPR follow the usual definitions; STAN
(Shareef et al., 2020) divides false positives by the lesion's area instead of the background's,
and its figure is given beside it as `lesion_fpr_stan`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Metrics = dict[str, Any]  # name -> number, None, or (per_class) a dictionary of such


def confusion_matrix(
    true: Sequence[int], predicted: Sequence[int], classes: int
) -> list[list[int]]:
    """Rows are true classes, columns predicted ones."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (np.asarray(true, dtype=int), np.asarray(predicted, dtype=int)), 1)
    rows: list[list[int]] = matrix.tolist()
    return rows


def classification_metrics(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> Metrics:
    """Accuracy, macro averages and per-class figures.

    A class without true images has no recall and stays out of the macro averages. Precision is 0
    for a class that has images but is never predicted.
    """
    counts = np.asarray(matrix, dtype=np.int64)
    per_class = {name: _class_metrics(counts, index) for index, name in enumerate(classes)}
    present = [figures for figures in per_class.values() if figures["support"]]
    return {
        "accuracy": _ratio(int(np.trace(counts)), int(counts.sum())),
        "macro_precision": mean(figures["precision"] for figures in present),
        "macro_recall": mean(figures["recall"] for figures in present),
        "macro_f1": mean(figures["f1"] for figures in present),
        "per_class": per_class,
    }


def _class_metrics(counts: NDArray[np.int64], index: int) -> dict[str, float | int | None]:
    hits = int(counts[index, index])
    support, predicted = int(counts[index].sum()), int(counts[:, index].sum())
    if not support:
        return {"precision": None, "recall": None, "f1": None, "support": 0}
    return {
        "precision": _ratio(hits, predicted) or 0.0,
        "recall": hits / support,
        "f1": 2 * hits / (support + predicted),
        "support": support,
    }


def auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """The area under the ROC curve: the probability that a positive scores above a negative.

    Equal scores count one half. None without a positive or without a negative image.
    """
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # mean rank of equals, from 1
    above = float(ranks[positive].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


@dataclasses.dataclass(frozen=True)
class Overlap:
    """Pixel counts of a predicted mask against the true one."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @classmethod
    def of(cls, predicted: NDArray[np.bool_], true: NDArray[np.bool_]) -> Overlap:
        both = int(np.count_nonzero(predicted & true))
        marked, lesion = int(np.count_nonzero(predicted)), int(np.count_nonzero(true))
        return cls(both, marked - both, lesion - both, true.size - marked - lesion + both)

    @property
    def lesion_pixels(self) -> int:
        return self.true_positives + self.false_negatives

    @property
    def predicted_pixels(self) -> int:
        return self.true_positives + self.false_positives

    @property
    def dice(self) -> float | None:
        """Defined where there is a lesion, like the four that follow."""
        return self._of_lesion(2 * self.true_positives, self.lesion_pixels + self.predicted_pixels)

    @property
    def iou(self) -> float | None:
        return self._of_lesion(self.true_positives, self.lesion_pixels + self.false_positives)

    @property
    def tpr(self) -> float | None:
        return self._of_lesion(self.true_positives, self.lesion_pixels)

    @property
    def fpr(self) -> float | None:
        return self._of_lesion(self.false_positives, self.false_positives + self.true_negatives)

    @property
    def fpr_stan(self) -> float | None:
        return self._of_lesion(self.false_positives, self.lesion_pixels)

    @property
    def agreement(self) -> float:
        """Dice, where an empty prediction on an empty mask counts 1 and any other on it 0."""
        if self.lesion_pixels:
            return self.dice or 0.0
        return float(self.predicted_pixels == 0)

    def _of_lesion(self, numerator: int, denominator: int) -> float | None:
        return _ratio(numerator, denominator) if self.lesion_pixels else None


def segmentation_metrics(overlaps: Sequence[Overlap]) -> Metrics:
    """A normal image counts as falsely masked when a single pixel of it is predicted as lesion."""
    lesions = [overlap for overlap in overlaps if overlap.lesion_pixels]
    normals = [overlap for overlap in overlaps if not overlap.lesion_pixels]
    return {
        "lesion_dice": mean(overlap.dice for overlap in lesions),
        "lesion_iou": mean(overlap.iou for overlap in lesions),
        "lesion_tpr": mean(overlap.tpr for overlap in lesions),
        "lesion_fpr": mean(overlap.fpr for overlap in lesions),
        "lesion_fpr_stan": mean(overlap.fpr_stan for overlap in lesions),
        "normal_false_mask_rate": mean(float(image.predicted_pixels > 0) for image in normals),
        "mean_agreement": mean(overlap.agreement for overlap in overlaps),
        "lesion_images": len(lesions),
        "normal_images": len(normals),
    }


def mean(values: Iterable[float | None]) -> float | None:
    """Over the values that are defined; None when none is."""
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None


def _ratio(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None
