"""A model's results on the test split, in the form in which its report shows them."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from sonomodel.report import plots
from sonomodel.report.notation import figure
from sonomodel.report.record import ModelRecord
from sonomodel.report.worst_cases import marked_share

DICE_BINS = 10
MEASURES = ("dice", "iou", "tpr", "fpr", "fpr_stan", "hd95", "hd95_relative")
FALSE_MASKS_LISTED = 10

Images = Sequence[Mapping[str, Any]]


def results(record: ModelRecord) -> dict[str, Any]:
    """What the template of the record's task takes, by name."""
    if record.classifies:
        return {"calibration": Calibration.of(record.evaluation["calibration"])}
    images: Images = record.evaluation["per_image"]
    return {
        "lesions": LesionResults.of([image for image in images if image["dice"] is not None]),
        "normal": NormalResults.of([image for image in images if image["dice"] is None]),
    }


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Expected calibration errors before and after scaling by the temperature."""

    temperature: float
    before: float | None
    after: float | None
    plot: Markup

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Calibration:
        """Older evaluations do not say what was before scaling."""
        before = facts.get("before") or {"ece": None, "bins": []}
        plot = plots.reliability(
            f"Reliability diagram; expected calibration error {figure(facts['ece'])}",
            facts["bins"],
            before["bins"],
        )
        return cls(facts["temperature"], before["ece"], facts["ece"], plot)


@dataclasses.dataclass(frozen=True)
class LesionResults:
    """Of the images with a lesion."""

    images: int
    missed: int  # nothing of them is marked
    plot: Markup
    spread: dict[str, list[float | None]]  # by measure: smallest, three quartiles, largest
    by_class: dict[str, dict[str, float]]

    @classmethod
    def of(cls, lesions: Images) -> LesionResults | None:
        if not lesions:
            return None
        return cls(
            images=len(lesions),
            missed=sum(not image["predicted_pixels"] for image in lesions),
            plot=_histogram([image["dice"] for image in lesions]),
            spread={name: _quartiles(lesions, name) for name in MEASURES},
            by_class=_by_class(lesions),
        )


@dataclasses.dataclass(frozen=True)
class NormalResults:
    """Of the images without a lesion."""

    images: int
    falsely_marked: int
    largest: list[tuple[str, int, float]]  # id, marked pixels and their share of the image

    @classmethod
    def of(cls, normal: Images) -> NormalResults | None:
        if not normal:
            return None
        marked = sorted(
            (i for i in normal if i["predicted_pixels"]), key=lambda i: -marked_share(i)
        )
        largest = [
            (image["id"], image["predicted_pixels"], marked_share(image))
            for image in marked[:FALSE_MASKS_LISTED]
        ]
        return cls(len(normal), len(marked), largest)


def _histogram(dice: Sequence[float]) -> Markup:
    counts = [0] * DICE_BINS
    for value in dice:
        counts[min(int(value * DICE_BINS), DICE_BINS - 1)] += 1
    edges = [number / DICE_BINS for number in range(DICE_BINS + 1)]
    middle = statistics.median(dice)
    description = f"Dice of {len(dice)} lesions, median {middle:.2f}"
    return plots.bars(description, counts, edges, "Dice", middle)


def _quartiles(lesions: Images, measure: str) -> list[float | None]:
    values = [image[measure] for image in lesions if image[measure] is not None]
    if not values:
        return [None] * 5
    if len(values) == 1:
        return values * 5
    return [min(values), *statistics.quantiles(values, n=4, method="inclusive"), max(values)]


def _by_class(lesions: Images) -> dict[str, dict[str, float]]:
    dice: dict[str, list[float]] = {}
    for image in sorted(lesions, key=lambda image: str(image["class"])):
        dice.setdefault(image["class"], []).append(image["dice"])
    return {
        label: {
            "lesions": len(values),
            "mean_dice": statistics.fmean(values),
            "lowest": min(values),
        }
        for label, values in dice.items()
    }
