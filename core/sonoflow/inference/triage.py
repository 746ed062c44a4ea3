"""Whether a person has to look at an image's answer, and why, in words that need no manual.

A classifier may carry its own threshold, found on its validation images (sonomodel's `triage`): the
probability from which its labels are as often right as answers without a person must be. An
operator's own, ReviewBelowProbability, goes before it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any

from sonoflow.dicom import scope
from sonoflow.images import oddities, pixels
from sonoflow.images.classes import NORMAL
from sonoflow.inference.image_endpoints import Classified

AUTO, REVIEW = "auto", "review"
LOW_CONFIDENCE = "low-confidence"
DISAGREE = "classifier-and-mask-disagree"
UNUSUAL = "unusual-picture"
UNLIKE_TRAINING = "unlike-training-data"
REVIEW_BELOW = 0.7  # where neither the operator nor the model says anything

_HARMLESS = (pixels.DAMAGED_TEXT, scope.BURNED_IN)
_FLAGS = {
    scope.SECONDARY_CAPTURE: "it is a screenshot of a scanner's",
    scope.OTHER_BODY_PART: "it is not said to show a breast",
    "window-ignored": "its window has no width",
    "colour-model-by-codestream": "its file and its tags name different colour models",
    "transparent": "transparency hides most of it",
    "colour": "it has colours, as Doppler pictures and photographs have",
    oddities.UNLIKE_ULTRASOUND: "its grain is no scanner's",
    pixels.CMYK_UNMARKED: "its numbers were taken for ink, and the file does not say so",
}
_DEPTH = re.compile(r"depth-(\d+)-of-16")


@dataclasses.dataclass(frozen=True)
class Threshold:
    """The probability below which a person looks; None: whatever it is."""

    probability: float | None
    source: str  # parameter, model or default

    @classmethod
    def of(cls, classification: Classified, operators: float) -> Threshold:
        """`operators`: ReviewBelowProbability, where 0 leaves it to the model."""
        if operators > 0:
            return cls(operators, "parameter")
        if classification.triage is not None:
            return cls(classification.triage.threshold, "model")
        return cls(REVIEW_BELOW, "default")


@dataclasses.dataclass(frozen=True)
class Reason:
    code: str
    text: str  # a sentence


@dataclasses.dataclass(frozen=True)
class Decision:
    threshold: Threshold
    reasons: tuple[Reason, ...]

    @property
    def action(self) -> str:
        return REVIEW if self.reasons else AUTO

    def document(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "reasons": [reason.code for reason in self.reasons],
            "explanations": [dataclasses.asdict(reason) for reason in self.reasons],
            "review_below": self.threshold.probability,
            "review_below_from": self.threshold.source,
        }


def decide(
    classification: Classified, lesion_pixels: int, operators: float, flags: Sequence[str] = ()
) -> Decision:
    """`operators` is the stack's ReviewBelowProbability, 0 for the model's own threshold; `flags`
    are what was assumed of the file, or makes the picture unusual."""
    threshold = Threshold.of(classification, operators)
    return Decision(threshold, tuple(_reasons(classification, lesion_pixels, threshold, flags)))


def _reasons(
    classification: Classified, lesion_pixels: int, threshold: Threshold, flags: Sequence[str]
) -> Iterator[Reason]:
    label, probability = classification.label, max(classification.probabilities.values())
    if threshold.probability is None:
        yield Reason(
            LOW_CONFIDENCE,
            "On the classifier's validation images no probability was high enough for answers"
            " without a person.",
        )
    elif probability < threshold.probability:
        yield Reason(
            LOW_CONFIDENCE,
            f"The classifier gives '{label}' a probability of {_digits(probability)}, and a person"
            f" looks at everything below {_digits(threshold.probability)}.",
        )
    if (label == NORMAL) != (lesion_pixels == 0):
        marks = f"marks {lesion_pixels} pixels as lesion" if lesion_pixels else "marks no lesion"
        yield Reason(DISAGREE, f"The classifier says '{label}', but the segmenter {marks}.")
    if unusual := [flag for flag in flags if flag not in _HARMLESS]:
        # The models answer whatever they are shown; on such pictures nobody has measured them.
        what = "; ".join(_in_words(flag) for flag in unusual)
        yield Reason(UNUSUAL, f"The models were not measured on pictures like this one: {what}.")
    if classification.unlike_training:
        yield Reason(
            UNLIKE_TRAINING, "The classifier finds the image unlike those that it was trained on."
        )


def _digits(probability: float) -> str:
    """Cut, not rounded: what is below a threshold must not read like the threshold."""
    return f"{int(probability * 10_000) / 10_000:.4f}".rstrip("0").rstrip(".")


def _in_words(flag: str) -> str:
    if depth := _DEPTH.fullmatch(flag):
        return f"only {depth[1]} of its 16 bits are used, by its brightest pixel"
    return _FLAGS.get(flag, flag)
