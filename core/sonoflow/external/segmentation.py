"""What a segmenter's masks are worth, from the counts of pixels of each image.

As a release's evaluation has it (sonomodel's evaluation, which no function carries; tests hold the
two to be equal). All are means over images; a figure that is undefined is None, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sonoflow.external.intervals import Figures, Picks

COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")


def is_measured(record: Mapping[str, Any]) -> bool:
    """Whether the segmenter's mask of the image was held against a true one."""
    return record.get("true_positives") is not None


def lesion_share(record: Mapping[str, Any]) -> float:
    """Of the image."""
    lesion = record["true_positives"] + record["false_negatives"]
    return float(lesion / sum(record[name] for name in COUNTS))


def means(records: Sequence[Mapping[str, Any]]) -> Callable[[Picks], Figures]:
    """The figures, as a function of which images.

    lesion_…                 over images with a lesion; HD95 over those of which something is marked
    lesion_missed_rate       of these images, those of which nothing is marked
    normal_false_mask_rate   of the images without a lesion, those with a single marked pixel
    """
    rows = [_row(record) for record in records]
    names = tuple(_row(dict.fromkeys((*COUNTS, "hd95", "hd95_relative"), 0)))
    table = np.array([[row[name] for row in rows] for name in names], dtype=np.float64)

    def of(picks: Picks) -> Figures:
        chosen = table[:, picks]
        defined = ~np.isnan(chosen)
        sums, counts = np.where(defined, chosen, 0).sum(axis=1), defined.sum(axis=1)
        pairs = zip(names, sums.tolist(), counts.tolist(), strict=True)
        return {name: total / count if count else None for name, total, count in pairs}

    return of


def dice(record: Mapping[str, Any]) -> float | None:
    """Of an image with a lesion."""
    return _row(record)["lesion_dice"]


def _row(record: Mapping[str, Any]) -> dict[str, float | None]:
    hits, alarms, misses, _ = (record[name] for name in COUNTS)
    lesion, marked = hits + misses, hits + alarms
    overlap = 2 * hits / (lesion + marked) if lesion else None
    return {
        "lesion_dice": overlap,
        "lesion_iou": hits / (lesion + alarms) if lesion else None,
        "lesion_tpr": hits / lesion if lesion else None,
        "lesion_hd95": record["hd95"] if lesion else None,
        "lesion_hd95_relative": record["hd95_relative"] if lesion else None,
        "lesion_missed_rate": float(not marked) if lesion else None,
        "normal_false_mask_rate": None if lesion else float(marked > 0),
        "mean_agreement": overlap if overlap is not None else float(not marked),
    }
