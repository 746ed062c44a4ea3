"""What the models must answer. The bounds tell one that works from one that does not: they are far
below what phantoms allow, and far above chance."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from operations.smoke.material import AskedImage

RIGHT_LABELS = 0.6  # of three classes; chance is a third
MEAN_DICE = 0.5  # of the images with a lesion
RIGHT_ROWS = 0.9  # the more frequent class alone is .63


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back for an image."""

    prediction: dict[str, Any]
    mask: bytes  # a PNG


@dataclasses.dataclass
class Findings:
    """What was found, and what of it must not be."""

    lines: list[str] = dataclasses.field(default_factory=list)
    failures: list[str] = dataclasses.field(default_factory=list)

    def expect(self, what: str, value: float, bound: float) -> None:
        self.lines.append(f"{what} {value:.3f}, at least {bound} expected")
        if not value >= bound:  # not a number is no pass
            self.failures.append(f"{what} is {value:.3f}, below {bound}")


def of_images(asked: Mapping[str, AskedImage], answers: Mapping[str, Answer]) -> Findings:
    """Labels and masks, held against what was drawn."""
    findings = Findings()
    right, dice = [], []
    for path, image in asked.items():
        if path not in answers:
            findings.failures.append(f"{path} has no answer")
            continue
        answer = answers[path]
        label = answer.prediction["classification"]["label"]
        findings.failures += _wrong(path, answer.prediction, image)
        right.append(label == image.kind)
        mask = _mask(answer.mask)
        if mask.shape != image.mask.shape:
            findings.failures.append(f"{path}: mask of {mask.shape}, not {image.mask.shape}")
            continue
        line = f"{path}: {label}"
        if image.mask.any():
            dice.append(_dice(mask, image.mask))
            line += f", Dice {dice[-1]:.3f}"
        findings.lines.append(line)
    findings.expect("share of right labels", _mean(right), RIGHT_LABELS)
    findings.expect("mean Dice of lesions", _mean(dice), MEAN_DICE)
    return findings


def of_rows(labels: Mapping[str, str], scores: str) -> Findings:
    """Every row's label, in order."""
    findings = Findings()
    rows = list(csv.DictReader(io.StringIO(scores)))
    if [row["id"] for row in rows] != list(labels):
        findings.failures.append("the scores are not those of the rows that were asked, in order")
    else:
        right = [row["label"] == labels[row["id"]] for row in rows]
        findings.expect("share of right rows", _mean(right), RIGHT_ROWS)
    return findings


def _wrong(path: str, prediction: Mapping[str, Any], image: AskedImage) -> list[str]:
    """What no trained model may answer, however badly it was trained."""
    classification = prediction["classification"]
    probabilities: dict[str, float] = classification["probabilities"]
    wrong = []
    if set(probabilities) != {"benign", "malignant", "normal"}:
        wrong.append(f"{path}: classes {sorted(probabilities)}")
    if not math.isclose(sum(probabilities.values()), 1, abs_tol=0.01):
        wrong.append(f"{path}: probabilities add up to {sum(probabilities.values()):.3f}")
    elif max(probabilities, key=probabilities.__getitem__) != classification["label"]:
        wrong.append(f"{path}: {classification['label']} is not the likeliest of its classes")
    size = [prediction["image"]["height"], prediction["image"]["width"]]
    if size != list(image.mask.shape):
        wrong.append(f"{path}: answered for an image of {size}")
    return wrong


def _mask(png: bytes) -> NDArray[np.bool_]:
    with Image.open(io.BytesIO(png)) as mask:
        return np.asarray(mask.convert("L")) > 127


def _dice(found: NDArray[np.bool_], real: NDArray[np.bool_]) -> float:
    return float(2 * (found & real).sum() / (found.sum() + real.sum()))


def _mean(values: list[bool] | list[float]) -> float:
    return float(np.mean(values)) if values else math.nan
