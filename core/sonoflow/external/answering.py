"""One batch of an external set, answered by the models in service and held against the truth.

What is left of an image is what a release's evaluation holds of one of its test images: class and
probabilities, counts of pixels, the distance of the outlines. The predicted mask is kept for the
report, which shows the worst.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sonoflow import payloads
from sonoflow.aws import objects
from sonoflow.errors import EndpointChanged, ImageRejected, PayloadInvalid
from sonoflow.external import boundary
from sonoflow.external.places import Validation
from sonoflow.external.serving import CLASSIFICATION, InService
from sonoflow.images import pixels, png
from sonoflow.images.classes import NORMAL
from sonoflow.images.pixels import Decoded, Mask
from sonoflow.inference import examinations, image_endpoints, overlays
from sonoflow.inference.image_endpoints import Model

_EDGE = 128  # masks are staged as 0 and 255
_WANTED = {"id", "class", "image", "mask", "lesion_pixels"}

Record = dict[str, Any]


def answer(
    work: str, validation: Validation, models: Sequence[InService], payload: Mapping[str, Any]
) -> int:
    """How many images of the payload's batch are answered, in this or an earlier invocation.

    Raises PayloadInvalid, EndpointChanged, EndpointResponseInvalid; errors of the endpoints escape.
    """
    number, images = _batch(payload)
    key = validation.answers(number)
    before = objects.find_json(work, key)
    if before is not None and [r["id"] for r in before] == [image["id"] for image in images]:
        return len(images)
    records = [_record(work, validation, models, image) for image in images]
    objects.write_json(work, key, records)
    return len(records)


def _batch(payload: Mapping[str, Any]) -> tuple[int, list[Mapping[str, Any]]]:
    number = payloads.field(payload, "batch.number", int)
    images = payloads.field(payload, "batch.images", list)
    for image in images:
        if not isinstance(image, Mapping) or not image.keys() >= _WANTED:
            raise PayloadInvalid(f"the batch's images are not as planned: {image!r}")
    return number, images


def _record(
    work: str, validation: Validation, models: Sequence[InService], image: Mapping[str, Any]
) -> Record:
    prefix = validation.dataset.prefix
    decoded = pixels.decode(objects.read(work, prefix + image["image"]))
    record: Record = {"id": image["id"], "class": image["class"]}
    try:
        body = examinations.request_body(decoded)
    except ImageRejected as error:
        return {**record, "unanswered": {"reason": error.reason, "detail": error.detail}}
    for model in models:
        if model.task == CLASSIFICATION:
            said = image_endpoints.classify(model.endpoint, body)
            _check_same(model, said.model)
            record["label"], record["probabilities"] = said.label, said.probabilities
        else:
            predicted = _segmented(model, body, decoded)
            objects.write(work, validation.mask(image["id"]), png.encode(predicted), "image/png")
            record["predicted_pixels"] = int(np.count_nonzero(predicted))
            true = _truth(work, prefix, image, decoded)
            if true is not None:
                record |= measured(predicted, true)
    return record


def _segmented(model: InService, body: bytes, decoded: Decoded) -> Mask:
    said = image_endpoints.segment(model.endpoint, body, (decoded.width, decoded.height))
    _check_same(model, said.model)
    return overlays.find(said.probabilities).mask


def _check_same(planned: InService, answered: Model) -> None:
    if answered.version != planned.version:
        raise EndpointChanged(
            f"{planned.endpoint} answers with {answered.version}, and this validation is of "
            f"{planned.version}: drop the set again to have it judged by the model now in service"
        )


def _truth(work: str, prefix: str, image: Mapping[str, Any], decoded: Decoded) -> Mask | None:
    """None where nobody knows where the lesion is."""
    if not image["lesion_pixels"]:
        empty: Mask = np.zeros(decoded.pixels.shape, dtype=np.bool_)
        return empty if image["class"] == NORMAL else None
    mask: Mask = pixels.decode(objects.read(work, prefix + image["mask"])).pixels >= _EDGE
    return mask


def measured(predicted: Mask, true: Mask) -> Record:
    """As the evaluation of a segmenter has it of an image."""
    both = int(np.count_nonzero(predicted & true))
    marked, lesion = int(np.count_nonzero(predicted)), int(np.count_nonzero(true))
    distance = boundary.hd95(predicted, true)
    diagonal = float(np.hypot(*true.shape))
    return {
        "true_positives": both,
        "false_positives": marked - both,
        "false_negatives": lesion - both,
        "true_negatives": int(true.size) - marked - lesion + both,
        "hd95": distance,
        "hd95_relative": None if distance is None else distance / diagonal,
    }
