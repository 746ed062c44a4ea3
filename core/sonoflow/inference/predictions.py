"""The documents that an inbox image becomes: a prediction, and a case for review where a person has
to look. A rejection is in `documents`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sonoflow import keys
from sonoflow.aws.uploads import Upload
from sonoflow.inference import documents, triage
from sonoflow.inference.image_endpoints import Classified, Model
from sonoflow.inference.overlays import SegmentedLesions


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
    review_below: float  # the operator's; 0: the model's own
    timing: dict[str, float]  # milliseconds
    flags: tuple[str, ...] = ()  # what was assumed of the file, or makes the picture unusual
    measurements: Mapping[str, Any] | None = None  # of the lesions
    dicom: Mapping[str, Any] | None = None  # of an object of DICOM, and of its frames

    def document(self) -> dict[str, Any]:
        path = keys.inbox_path(self.upload.key)
        box = self.lesions.bounding_box
        decision = triage.decide(
            self.classification, self.lesions.pixels, self.review_below, self.flags
        )
        return {
            **documents.head(),
            "image": {
                "bucket": self.upload.bucket,
                "key": self.upload.key,
                "version_id": self.upload.version_id,
                **({"archive": self.upload.archive} if self.upload.archive else {}),
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
            "decision": decision.document(),
            "models": {
                "classifier": dataclasses.asdict(self.classification.model),
                "segmenter": dataclasses.asdict(self.segmenter),
            },
            "sequencer": self.upload.sequencer,
            "time": documents.now(),
            "timing": self.timing,
        }


def review(prediction: Mapping[str, Any]) -> dict[str, Any]:
    """What a person who has to look is shown of a prediction's document."""
    image, segmentation = prediction["image"], prediction["segmentation"]
    return {
        **documents.head(),
        "image": {
            name: image[name]
            for name in ("bucket", "key", "version_id", "archive")
            if name in image
        },
        "prediction_key": keys.prediction(keys.inbox_path(image["key"])),
        "mask_key": segmentation["mask_key"],
        "overlay_key": segmentation["overlay_key"],
        "label": prediction["classification"]["label"],
        "probabilities": prediction["classification"]["probabilities"],
        "explanations": prediction["decision"]["explanations"],
        "models": prediction["models"],
        "sequencer": prediction["sequencer"],
        "time": prediction["time"],
    }
