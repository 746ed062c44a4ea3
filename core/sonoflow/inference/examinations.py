"""What both models say of one image, and what is to be shown of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sonoflow.dicom_results.finding import Source
from sonoflow.errors import ImageRejected
from sonoflow.images import measures, oddities, png
from sonoflow.images.pixels import Decoded, Pixels
from sonoflow.inference import image_endpoints, invocations, overlays
from sonoflow.inference.image_endpoints import Classified, Model
from sonoflow.inference.overlays import SegmentedLesions
from sonoflow.settings import Predicting

NO_SCALE = "no-scale"  # the file says nothing of how large things are
_DIGITS = 3


@dataclasses.dataclass(frozen=True, eq=False)
class Examination:
    """Of the one image, or of the frame that the answer is given by."""

    decoded: Decoded
    shown: Pixels  # what the overlay is drawn on
    classification: Classified
    lesions: SegmentedLesions
    segmenter: Model
    flags: tuple[str, ...]
    timing: dict[str, float]  # milliseconds
    measurements: dict[str, Any] | None = None  # of the lesions; None where there are none
    dicom: Mapping[str, Any] | None = None  # of an object of DICOM, and of its frames
    source: Source | None = None  # of DICOM, as its results of DICOM name it


def examine(decoded: Decoded, settings: Predicting) -> Examination:
    """Asks both models at once. Raises ImageRejected; errors of the endpoints escape."""
    body = request_body(decoded)
    models = image_endpoints.ask(
        settings.classifier_endpoint_name,
        settings.segmenter_endpoint_name,
        body,
        (decoded.width, decoded.height),
    )
    lesions = overlays.find(models.segmented.probabilities)
    return Examination(
        decoded=decoded,
        shown=decoded.pixels,
        classification=models.classified,
        lesions=lesions,
        segmenter=models.segmented.model,
        flags=(*decoded.flags, *oddities.of_one(decoded.pixels)),
        timing={
            "classification_ms": milliseconds(models.classification_seconds),
            "segmentation_ms": milliseconds(models.segmentation_seconds),
        },
        measurements=measured(lesions, None, NO_SCALE),
    )


def measured(
    lesions: SegmentedLesions, millimetres: tuple[float, float] | None, why: str
) -> dict[str, Any] | None:
    """What a prediction says of the lesions' size. `millimetres` are those of a pixel, across and
    down; `why` there are none."""
    inside = measures.measure(lesions.mask)
    if inside is None:
        return None
    found: dict[str, Any] = {
        "longest_axis_pixels": round(inside.longest, _DIGITS),
        "perpendicular_pixels": round(inside.perpendicular, _DIGITS),
        "area_mm2": None,
        "longest_axis_mm": None,
        "perpendicular_mm": None,
    }
    if millimetres is None:
        return {**found, "no_millimetres": why}
    scaled = measures.measure(lesions.mask, millimetres)
    if scaled is not None:
        found["area_mm2"] = round(scaled.area, _DIGITS)
        found["longest_axis_mm"] = round(scaled.longest, _DIGITS)
        found["perpendicular_mm"] = round(scaled.perpendicular, _DIGITS)
    return {**found, "millimetres_per_pixel": list(millimetres)}


def request_body(decoded: Decoded) -> bytes:
    """What the endpoints are sent: grey PNG, as staging writes it, so that a model sees an image
    just as it saw its training images, whatever the format. Raises ImageRejected."""
    grey = png.encode(decoded.pixels)
    if len(grey) > invocations.PAYLOAD_BYTES_LIMIT:
        detail = f"{len(grey)} bytes as grey PNG, the limit is {invocations.PAYLOAD_BYTES_LIMIT}"
        raise ImageRejected("too-large", detail)
    return grey


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
