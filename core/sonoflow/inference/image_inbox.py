"""What happens to an image in the inbox: it comes back as a prediction, a mask and an overlay."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.uploads import Upload
from sonoflow.errors import ImageRejected
from sonoflow.images import formats, pixels, png
from sonoflow.inference import documents, examinations, overlays, predictions, triage
from sonoflow.inference.answers import Answer, Overtaken
from sonoflow.inference.examinations import Examination
from sonoflow.inference.outcomes import PREDICTED, REJECTED, Outcome
from sonoflow.settings import Predicting

# Text chunk of masks and overlays: the version they show. Without it empty masks of two versions
# would be the same to a conditional write.
PICTURE_CHUNK = "sonoflow-image"
Read = Callable[[Upload], bytes]


def _read(upload: Upload) -> bytes:
    """The object's bytes. Raises Overtaken if it is gone."""
    try:
        return objects.read(upload.bucket, upload.key, upload.version_id)
    except ClientError as error:
        if objects.is_missing(error):
            raise Overtaken("the object is gone") from error
        raise


def handle(upload: Upload, results: str, settings: Predicting, read: Read = _read) -> Outcome:
    """Leaves the answer to the upload, or a rejection of it, in the results bucket.

    `read` gives its bytes. Raises Overtaken if there is nothing to do: the object is gone, or it or
    a later version of it is answered. Errors of S3 and of the endpoints escape.
    """
    with _answer(upload, results) as answer:
        try:
            _check_kind(upload)
            predict(upload, read(upload), answer, settings)
        except ImageRejected as error:
            _reject(upload, answer, error)
            return Outcome(REJECTED)
    return Outcome(PREDICTED)


def reject(upload: Upload, results: str, error: ImageRejected) -> Outcome:
    """The same for an upload that is known to be of no use."""
    with _answer(upload, results) as answer:
        _reject(upload, answer, error)
    return Outcome(REJECTED)


def withdraw(upload: Upload, results: str) -> None:
    """Takes away earlier versions' answers to a path that this version of its zip has no more.
    Raises Overtaken."""
    _answer(upload, results).withdraw()


def _answer(upload: Upload, results: str) -> Answer:
    path = keys.inbox_path(upload.key)
    completing = (keys.prediction(path), keys.rejection(path))
    parts = (keys.mask(path), keys.overlay(path))
    beside = (keys.review(path), *keys.dicom_results(path).values())
    return Answer(upload, results, completing, parts, beside)


def _reject(upload: Upload, answer: Answer, error: ImageRejected) -> None:
    key = keys.rejection(keys.inbox_path(upload.key))
    answer.write_json(key, documents.rejection(upload, error), completes=True)


def _check_kind(upload: Upload) -> None:
    """Raises ImageRejected before anything is read in vain."""
    suffix = PurePosixPath(upload.key).suffix.lower()
    if suffix not in formats.IMAGE_SUFFIXES and not formats.may_be_dicom(upload.key):
        raise _unsupported(upload.key)
    if upload.size > formats.FILE_BYTES_LIMIT:
        detail = f"{upload.size} bytes, the limit is {formats.FILE_BYTES_LIMIT}"
        raise ImageRejected("too-large", detail)


def predict(upload: Upload, data: bytes, answer: Answer, settings: Predicting) -> None:
    """Writes mask, overlay and document. Raises ImageRejected, before it writes, and Overtaken."""
    start = time.perf_counter()
    found = _examined(upload, data, settings)
    models = {"classifier": found.classification.model, "segmenter": found.segmenter}
    answer.models = {role: model.version for role, model in models.items()}
    path = keys.inbox_path(upload.key)
    mask, overlay = png.encode(found.lesions.mask), overlays.draw(found.shown, found.lesions.mask)
    for key, picture in ((keys.mask(path), mask), (keys.overlay(path), overlay)):
        answer.write(key, png.labelled(picture, PICTURE_CHUNK, answer.label()), "image/png")
    sha256 = hashlib.sha256(data).hexdigest()
    prediction = predictions.Prediction(
        upload=upload,
        sha256=sha256,
        width=found.decoded.width,
        height=found.decoded.height,
        classification=found.classification,
        lesions=found.lesions,
        segmenter=found.segmenter,
        review_below=settings.review_below_probability,
        flags=found.flags,
        measurements=found.measurements,
        dicom=_in_dicom(path, found, sha256, answer, settings),
        timing={
            **found.timing,
            "total_ms": examinations.milliseconds(time.perf_counter() - start),
        },
    )
    document = prediction.document()
    if document["decision"]["action"] == triage.REVIEW:
        answer.write_json(keys.review(path), predictions.review(document))
    # Last: whoever sees the prediction finds the mask and the overlay that it names.
    answer.write_json(keys.prediction(path), document, completes=True)


def _in_dicom(
    path: str, found: Examination, sha256: str, answer: Answer, settings: Predicting
) -> Mapping[str, Any] | None:
    """What the document says of an object of DICOM; writes what is said of it in DICOM."""
    if found.source is None or settings.dicom_results == "none":
        return found.dicom
    from sonoflow.inference import dicom_answers  # half a second, of those who need it

    written = dicom_answers.write(path, found, found.source, sha256, answer)
    return {**(found.dicom or {}), **({"results": written} if written else {})}


def _examined(upload: Upload, data: bytes, settings: Predicting) -> Examination:
    if not formats.may_be_dicom(upload.key):
        return examinations.examine(pixels.decode(data), settings)
    # Imported here: what answers pictures of other formats starts without it.
    from sonoflow.dicom import files
    from sonoflow.inference import dicom_examinations

    if not _has_dicom_name(upload.key) and not files.is_dicom(data):
        raise _unsupported(upload.key)
    return dicom_examinations.examine(data, settings)


def _has_dicom_name(key: str) -> bool:
    return PurePosixPath(key).suffix.lower() in formats.DICOM_SUFFIXES


def _unsupported(key: str) -> ImageRejected:
    suffix, read = PurePosixPath(key).suffix.lower(), formats.suffixes()
    detail = f"{suffix!r} is none of {read}, .dcm, and not {keys.INBOX_TABLE_SUFFIX}"
    return ImageRejected("unsupported-extension", detail)
