"""All that is known of a model when its training is over: what report and card are made of."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import PIL
import torch

from sonomodel.images.samples import Sample, balanced_batches
from sonomodel.model.card import ModelCard
from sonomodel.processes.compute import Compute
from sonomodel.report.notation import percent
from sonomodel.report.worst_cases import WorstCase

Counts = dict[str, int]  # by class
FEW_IMAGES = 100  # below it a single image moves a rate by more than a per cent

HEADLINES = {
    "classification": ("accuracy", "macro_f1", "macro_auc", "malignant_auc", "ece"),
    "segmentation": (
        *("lesion_dice", "lesion_iou", "lesion_hd95"),
        *("lesion_missed_rate", "normal_false_mask_rate"),
    ),
}
MEANINGS = {
    "accuracy": "images that are given their own class",
    "macro_precision": "mean over classes: of the images given a class, how many are of it",
    "macro_recall": "mean over classes: of the images of a class, how many are found",
    "macro_f1": "mean over classes of the harmonic mean of precision and recall",
    "macro_auc": "mean over classes of each against the rest; 0.5 is chance",
    "malignant_auc": "malignant against benign, on the images of these two",
    "ece": "how far probabilities are from what comes true; 0 is best",
    "lesion_dice": "overlap of mask and lesion, twice the common area by the sum of both",
    "lesion_iou": "common area by the area of both together",
    "lesion_tpr": "share of a lesion's pixels that are marked",
    "lesion_fpr": "share of the background's pixels that are marked",
    "lesion_fpr_stan": "falsely marked pixels by the lesion's area, as in STAN; may exceed 1",
    "lesion_hd95": "distance of the outlines, 95th percentile, in pixels of the source image",
    "lesion_hd95_relative": "the same as a share of the image's diagonal",
    "lesion_missed_rate": "lesions of which nothing is marked",
    "normal_false_mask_rate": "normal images with a single marked pixel or more",
    "mean_agreement": "Dice; on normal images 1 for an empty mask, 0 for any other",
}


@dataclasses.dataclass(frozen=True)
class ModelRecord:
    """`evaluation`, `history` and `diagnostics` as their files hold them."""

    card: ModelCard
    evaluation: Mapping[str, Any]
    history: Mapping[str, Any]
    diagnostics: Mapping[str, Any] | None  # None where the training wrote none
    cases: Sequence[WorstCase]

    @property
    def metrics(self) -> Mapping[str, Any]:
        figures: Mapping[str, Any] = self.evaluation["metrics"]
        return figures

    @property
    def headlines(self) -> list[str]:
        return [name for name in HEADLINES[self.card.task] if name in self.metrics]

    @property
    def intervals(self) -> Mapping[str, Sequence[float] | None]:
        """By metric; None where there is none."""
        return self.metrics.get("intervals") or {}

    @property
    def classifies(self) -> bool:
        return self.card.task == "classification"

    @property
    def by_group(self) -> bool:
        return bool(self.evaluation["bootstrap_unit"] == "group")

    @property
    def intervals_said(self) -> str:
        unit = "groups of images that belong together" if self.by_group else "single images"
        said = (
            f"{percent(self.evaluation['interval_level'])} intervals: bootstrap over {unit}, "
            f"{self.evaluation['bootstrap_resamples']:,} resamples of the test split."
        )
        if any(ends and ends[0] == ends[1] for ends in self.intervals.values()):
            said += (
                " An interval without width is no certainty: resampling knows no error that the "
                "split does not hold. Where none is seen in n images, up to 3/n may go wrong."
            )
        return said

    @property
    def fired(self) -> list[Mapping[str, Any]]:
        rules = self.diagnostics["rules"] if self.diagnostics else []
        return [rule for rule in rules if rule["fired"]]

    def cautions(self) -> list[str]:
        """What a reader of the figures must know, the gravest first."""
        images, epochs = self.evaluation["images"], self.history["epochs"]
        said = [f"Diagnostic rule {rule['name']}: {rule['message']}." for rule in self.fired]
        if self.diagnostics is None:
            said.append("The training left no diagnostics.")
        if images < FEW_IMAGES:
            said.append(
                f"The test split has {images} images, so one image is {percent(1 / images, 1)}: "
                "read the intervals, not the figures alone."
            )
        if not self.by_group:
            said.append(
                "The intervals take every image for itself. Where images have twins, or patients "
                "several images, they are too narrow."
            )
        tested = {image["class"] for image in self.evaluation["per_image"]}
        if absent := [name for name in self.card.classes if name not in tested]:
            said.append(f"No test image is of the class {', '.join(absent)}.")
        if epochs and self.history["best_epoch"] == epochs[-1]["epoch"]:
            said.append("The last epoch was the best: a longer training may gain more.")
        return said


def history(
    record: Mapping[str, Any], splits: Mapping[str, Sequence[Sample]], classes: Sequence[str]
) -> dict[str, Any]:
    """history.json: `record` of the epochs, the splits by class, the training split's balance as
    given and as drawn in an epoch, and the environment."""
    counts = {split: class_counts(samples, classes) for split, samples in splits.items()}
    balance = {"before": counts["train"], "after": drawn(splits["train"], classes)}
    return {**record, "splits": counts, "class_balance": balance, "environment": environment()}


def class_counts(samples: Sequence[Sample], classes: Sequence[str]) -> Counts:
    counts = collections.Counter(sample.label for sample in samples)
    return {name: counts[name] for name in classes}


def drawn(samples: Sequence[Sample], classes: Sequence[str]) -> Counts:
    """Images of each class in an epoch, counted in one that the training's own sampler draws."""
    labels = torch.tensor([list(classes).index(sample.label) for sample in samples])
    batches = balanced_batches(labels, len(labels), torch.Generator().manual_seed(0))
    picked = labels[torch.cat(list(batches))]
    counts = torch.bincount(picked, minlength=len(classes)).tolist()
    return dict(zip(classes, counts, strict=True))


def environment() -> dict[str, str]:
    """What the training ran on; nothing that names the machine."""
    versions = {"torch": torch.__version__, "numpy": np.__version__, "pillow": PIL.__version__}
    instances = len(json.loads(os.environ.get("SM_HOSTS", '["localhost"]')))
    device = {"device": str(Compute.here()), "processor": platform.machine()}
    device["instances"] = str(instances)
    if torch.cuda.is_available():
        device["gpu"] = torch.cuda.get_device_name()
    return {"python": platform.python_version(), **versions, **device}
