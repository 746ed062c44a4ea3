"""The documents that an inbox image becomes: a prediction, or a rejection with its reason."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from sonoflow import keys
from sonoflow.aws.uploads import Upload
from sonoflow.dicom import scope
from sonoflow.errors import ImageRejected
from sonoflow.images import pixels
from sonoflow.images.classes import NORMAL
from sonoflow.inference.image_endpoints import Classified, Model
from sonoflow.inference.overlays import SegmentedLesions

SCHEMA_VERSION = 1


def decide(
    classification: Classified, lesion_pixels: int, review_below: float, flags: Sequence[str] = ()
) -> dict[str, Any]:
    """Whether a person has to look, and why."""
    reasons = []
    if max(classification.probabilities.values()) < review_below:
        reasons.append("low-confidence")
    if (classification.label == NORMAL) != (lesion_pixels == 0):
        reasons.append("classifier-and-mask-disagree")
    if set(flags) - {pixels.DAMAGED_TEXT, scope.BURNED_IN}:
        # The models answer whatever they are shown; on such pictures nobody has measured them.
        reasons.append("unusual-picture")
    return {"action": "review" if reasons else "auto", "reasons": reasons}


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Everything known about one version of one inbox image."""

    upload: Upload
    sha256: str  # of the object's bytes
    width: int
    height: int
    classification: Classified
    lesions: SegmentedLesions
    segmenter: Model
    review_below: float
    timing: dict[str, float]  # milliseconds
    flags: tuple[str, ...] = ()  # what was assumed of the file, or makes the picture unusual
    measurements: Mapping[str, Any] | None = None  # of the lesions
    dicom: Mapping[str, Any] | None = None  # of an object of DICOM, and of its frames

    def document(self) -> dict[str, Any]:
        path = keys.inbox_path(self.upload.key)
        box = self.lesions.bounding_box
        return {
            "schema_version": SCHEMA_VERSION,
            "image": {
                "bucket": self.upload.bucket,
                "key": self.upload.key,
                "version_id": self.upload.version_id,
                "sha256": self.sha256,
                "width": self.width,
                "height": self.height,
                **({"flags": list(self.flags)} if self.flags else {}),
            },
            "classification": {
                "label": self.classification.label,
                "probabilities": self.classification.probabilities,
            },
            "segmentation": {
                "mask_key": keys.mask(path),
                "overlay_key": keys.overlay(path),
                "lesion_pixels": self.lesions.pixels,
                "lesion_fraction": round(self.lesions.fraction, 6),
                "bounding_box": list(box) if box else None,
                "components": self.lesions.components,
            },
            **({"measurements": dict(self.measurements)} if self.measurements else {}),
            **({"dicom": dict(self.dicom)} if self.dicom else {}),
            "decision": decide(
                self.classification, self.lesions.pixels, self.review_below, self.flags
            ),
            "models": {
                "classifier": dataclasses.asdict(self.classification.model),
                "segmenter": dataclasses.asdict(self.segmenter),
            },
            "sequencer": self.upload.sequencer,
            "timing": self.timing,
        }


def rejection(upload: Upload, error: ImageRejected) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "image": upload.facts(),
        "reason": error.reason,
        "detail": error.detail,
        "sequencer": upload.sequencer,
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
