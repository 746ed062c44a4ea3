"""What happens to an image in the inbox: it comes back as a prediction, a mask and an overlay."""

from __future__ import annotations

import hashlib
import time
from pathlib import PurePosixPath

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.uploads import Upload
from sonoflow.errors import ImageRejected
from sonoflow.images import formats, oddities, pixels, png
from sonoflow.inference import image_endpoints, invocations, overlays, predictions
from sonoflow.inference.answers import Answer, Overtaken
from sonoflow.inference.outcomes import PREDICTED, REJECTED, Outcome
from sonoflow.settings import Predicting

# Text chunk of masks and overlays: the version they show. Without it empty masks of two versions
# would be the same to a conditional write.
PICTURE_CHUNK = "sonoflow-image"


def handle(upload: Upload, results: str, settings: Predicting) -> Outcome:
    """Leaves the answer to the upload, or a rejection of it, in the results bucket.

    Raises Overtaken if there is nothing to do: the object is gone, or it or a later version of it
    is answered. Errors of S3 and of the endpoints escape.
    """
    path = keys.inbox_path(upload.key)
    completing = (keys.prediction(path), keys.rejection(path))
    with Answer(upload, results, completing, (keys.mask(path), keys.overlay(path))) as answer:
        try:
            predict(upload, _fetch(upload), answer, settings)
        except ImageRejected as error:
            document = predictions.rejection(upload, error)
            answer.write_json(keys.rejection(path), document, completes=True)
            return Outcome(REJECTED)
    return Outcome(PREDICTED)


def _fetch(upload: Upload) -> bytes:
    """The object's bytes. Raises ImageRejected before it reads in vain, Overtaken if it is gone."""
    suffix = PurePosixPath(upload.key).suffix.lower()
    if suffix not in formats.IMAGE_SUFFIXES:
        detail = f"{suffix!r} is none of {formats.suffixes()}, and not {keys.INBOX_TABLE_SUFFIX}"
        raise ImageRejected("unsupported-extension", detail)
    if upload.size > formats.FILE_BYTES_LIMIT:
        detail = f"{upload.size} bytes, the limit is {formats.FILE_BYTES_LIMIT}"
        raise ImageRejected("too-large", detail)
    try:
        return objects.read(upload.bucket, upload.key, upload.version_id)
    except ClientError as error:
        if objects.is_missing(error):
            raise Overtaken("the object is gone") from error
        raise


def predict(upload: Upload, data: bytes, answer: Answer, settings: Predicting) -> None:
    """Writes mask, overlay and document. Raises ImageRejected, before it writes, and Overtaken."""
    start = time.perf_counter()
    decoded = pixels.decode(data)
    body = request_body(decoded)
    models = image_endpoints.ask(
        settings.classifier_endpoint_name,
        settings.segmenter_endpoint_name,
        body,
        (decoded.width, decoded.height),
    )
    lesions = overlays.find(models.segmented.probabilities)
    path = keys.inbox_path(upload.key)
    mask, overlay = png.encode(lesions.mask), overlays.draw(decoded.pixels, lesions.mask)
    for key, picture in ((keys.mask(path), mask), (keys.overlay(path), overlay)):
        answer.write(key, png.labelled(picture, PICTURE_CHUNK, answer.label()), "image/png")
    prediction = predictions.Prediction(
        upload=upload,
        sha256=hashlib.sha256(data).hexdigest(),
        width=decoded.width,
        height=decoded.height,
        classification=models.classified,
        lesions=lesions,
        segmenter=models.segmented.model,
        review_below=settings.review_below_probability,
        flags=(*decoded.flags, *oddities.of_one(decoded.pixels)),
        timing={
            "classification_ms": _milliseconds(models.classification_seconds),
            "segmentation_ms": _milliseconds(models.segmentation_seconds),
            "total_ms": _milliseconds(time.perf_counter() - start),
        },
    )
    # Last: whoever sees the prediction finds the mask and the overlay that it names.
    answer.write_json(keys.prediction(path), prediction.document(), completes=True)


def request_body(decoded: pixels.Decoded) -> bytes:
    """What the endpoints are sent: grey PNG, as staging writes it, so that a model sees an image
    just as it saw its training images, whatever the format. Raises ImageRejected."""
    grey = png.encode(decoded.pixels)
    if len(grey) > invocations.PAYLOAD_BYTES_LIMIT:
        detail = f"{len(grey)} bytes as grey PNG, the limit is {invocations.PAYLOAD_BYTES_LIMIT}"
        raise ImageRejected("too-large", detail)
    return grey


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
