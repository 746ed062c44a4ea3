"""The figures of a segmenter, from its masks on every image."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonomodel.evaluation.metrics import Metrics, Overlap, mean, segmentation_metrics

COUNTS = ("lesion_pixels", "predicted_pixels")
FIGURES = ("dice", "iou", "tpr", "fpr", "fpr_stan")


@dataclasses.dataclass(frozen=True)
class JudgedMask:
    """One image. `distance`: HD95 in its pixels, None where a mask is empty."""

    overlap: Overlap
    distance: float | None
    diagonal: float  # of the image, pixels

    @property
    def relative_distance(self) -> float | None:
        return None if self.distance is None else self.distance / self.diagonal

    @property
    def missed(self) -> float | None:
        """1 for a lesion of which nothing is marked; None without a lesion."""
        overlap = self.overlap
        return float(overlap.predicted_pixels == 0) if overlap.lesion_pixels else None

    @property
    def falsely_masked(self) -> float | None:
        """1 for a single marked pixel on an image without a lesion; None with one."""
        overlap = self.overlap
        return None if overlap.lesion_pixels else float(overlap.predicted_pixels > 0)

    def facts(self) -> dict[str, Any]:
        figures = {name: getattr(self.overlap, name) for name in (*COUNTS, *FIGURES)}
        distances = {"hd95": self.distance, "hd95_relative": self.relative_distance}
        return dataclasses.asdict(self.overlap) | figures | distances


def segmentation_figures(outcomes: Sequence[JudgedMask]) -> Metrics:
    """`lesion_hd95` is in pixels of the source images, `lesion_hd95_relative` a share of their
    diagonals; both are means over the lesions of which something is marked, and
    `lesion_missed_rate` says how many are not."""
    return segmentation_metrics([outcome.overlap for outcome in outcomes]) | {
        "lesion_hd95": mean(outcome.distance for outcome in outcomes),
        "lesion_hd95_relative": mean(outcome.relative_distance for outcome in outcomes),
        "lesion_missed_rate": mean(outcome.missed for outcome in outcomes),
    }


def segmentation_means(
    outcomes: Sequence[JudgedMask],
) -> Callable[[NDArray[np.int64]], dict[str, float | None]]:
    """The figures that are means over images, as a function of which images, for resampling."""
    columns: dict[str, list[float | None]] = {
        f"lesion_{name}": [getattr(outcome.overlap, name) for outcome in outcomes]
        for name in FIGURES
    }
    columns |= {
        "normal_false_mask_rate": [outcome.falsely_masked for outcome in outcomes],
        "mean_agreement": [outcome.overlap.agreement for outcome in outcomes],
        "lesion_hd95": [outcome.distance for outcome in outcomes],
        "lesion_hd95_relative": [outcome.relative_distance for outcome in outcomes],
        "lesion_missed_rate": [outcome.missed for outcome in outcomes],
    }
    table = np.array(list(columns.values()), dtype=np.float64)  # None becomes NaN

    def means(picks: NDArray[np.int64]) -> dict[str, float | None]:
        chosen = table[:, picks]
        defined = ~np.isnan(chosen)
        sums, counts = np.where(defined, chosen, 0).sum(axis=1), defined.sum(axis=1)
        pairs = zip(columns, sums.tolist(), counts.tolist(), strict=True)
        return {name: total / count if count else None for name, total, count in pairs}

    return means
