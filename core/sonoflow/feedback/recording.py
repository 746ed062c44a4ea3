"""What happens to a verdict: it is checked against the answer that it judges, and kept, or refused.

The reply is `feedback/<inbox path>.json` in the results bucket; the newest verdict's reply stays.
Accepted ones are what `collecting` makes training data of. The image and the mask are kept as
they would be staged, in the work bucket under the digest of what they show.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.archives import members
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.aws.ranged import RemoteObject
from sonoflow.aws.uploads import Upload
from sonoflow.errors import FeedbackRejected, ImageRejected
from sonoflow.feedback import naming, verdicts
from sonoflow.feedback.verdicts import Verdict
from sonoflow.images import dicom_frames, formats, pixels, png
from sonoflow.images.classes import NORMAL
from sonoflow.images.pixels import Mask
from sonoflow.inference.answers import Answer, Overtaken
from sonoflow.inference.stamps import Stamp
from sonoflow.settings import Buckets

SCHEMA_VERSION = 1
WITHDRAWN, REFUSED, SKIPPED = "withdrawn", "refused", "skipped"


def handle(upload: Upload, buckets: Buckets) -> str:
    """Leaves the reply in the results bucket, and gives its status; `skipped` if this verdict, or a
    later one, has one, or it is gone. Errors of S3 escape."""
    if upload.key.endswith("/"):
        return SKIPPED
    key = naming.reply(upload.key)
    try:
        with Answer(upload, buckets.results_bucket, (key,)) as answer:
            try:
                reply = _judge(upload, buckets)
            except FeedbackRejected as error:
                reply = {"status": REFUSED, "reason": error.reason, "detail": error.detail}
            answer.write_json(key, _document(upload, reply), completes=True)
    except Overtaken:
        return SKIPPED
    return str(reply["status"])


def _document(upload: Upload, reply: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": upload.facts(),
        **reply,
        "sequencer": upload.sequencer,
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _judge(upload: Upload, buckets: Buckets) -> dict[str, Any]:
    """The reply to a verdict that can be used. Raises FeedbackRejected."""
    path = naming.path_of(upload.key)
    verdict = _read(upload)
    prediction = objects.find_json(buckets.results_bucket, keys.prediction(path))
    if prediction is None:
        detail = "there is no prediction of that image to judge: feedback/<inbox path>.json judges "
        raise FeedbackRejected("no-prediction", detail + "inbox/<inbox path>, once it is answered")
    image = prediction["image"]
    if verdict.version_id not in (None, image["version_id"]):
        detail = f"the answer is to version {image['version_id']}, the verdict names another one"
        raise FeedbackRejected("another-version", detail)
    named = ("bucket", "key", "version_id", "archive", "sha256")
    judged = {"image": {name: image[name] for name in named if name in image}}
    if verdict.label is None:
        return {"status": WITHDRAWN, **judged}
    known = sorted(prediction["classification"]["probabilities"])
    if verdict.label not in known:
        detail = f"{verdict.label!r} is none of the model's classes: {', '.join(known)}"
        raise FeedbackRejected("unknown-label", detail)
    return {
        "status": naming.ACCEPTED,
        "label": verdict.label,
        "predicted": prediction["classification"]["label"],
        **judged,
        "kept": _keep(verdict, prediction, buckets),
    }


def _read(upload: Upload) -> Verdict:
    if not upload.key.endswith(naming.SUFFIX):
        raise FeedbackRejected("unsupported-extension", "a verdict is feedback/<inbox path>.json")
    try:
        answer = client("s3").get_object(
            Bucket=upload.bucket, Key=upload.key, **objects.versioned(upload.version_id)
        )
    except ClientError as error:
        if objects.is_missing(error):
            raise Overtaken("the verdict is gone") from error
        raise
    return verdicts.read(answer)


def _keep(verdict: Verdict, prediction: Mapping[str, Any], buckets: Buckets) -> dict[str, Any]:
    """Stores image and mask; their keys, and the digest of the image's pixels."""
    image = prediction["image"]
    decoded = _pixels(image, prediction.get("dicom"))
    mask = _mask(verdict, prediction, decoded, buckets.results_bucket)
    if mask is not None and mask.any() and verdict.label == NORMAL:
        raise FeedbackRejected("lesion-in-normal", "the mask shows a lesion, the label says normal")
    digest = pixels.digest(decoded.pixels)
    kept = {"sha256": digest, "image": naming.image(digest), "mask": None}
    work = buckets.work_bucket
    objects.write(work, naming.image(digest), png.encode(decoded.pixels), "image/png")
    if mask is not None:
        # As an image of black and white: its digest is that of what it shows.
        shown = pixels.digest(mask.astype("uint8"))
        kept["mask"] = naming.mask(shown)
        objects.write(work, naming.mask(shown), png.encode(mask), "image/png")
    return kept


def _bytes(image: Mapping[str, Any]) -> bytes:
    """Of the file itself, or of the member of a zip. Raises ImageRejected."""
    bucket, version = image["bucket"], image["version_id"]
    archive: str | None = image.get("archive")
    if archive is None:
        return objects.read(bucket, image["key"], version)
    head = client("s3").head_object(Bucket=bucket, Key=archive, **objects.versioned(version))
    source = RemoteObject(Upload(bucket, archive, version, head["ContentLength"]))
    path = image["key"].removeprefix(f"{archive}/")
    return members.read_path(source, path, formats.FILE_BYTES_LIMIT)


def _pixels(image: Mapping[str, Any], dicom: Mapping[str, Any] | None) -> pixels.Decoded:
    """Of the version that was answered, of a DICOM object the frame that it was answered by. Raises
    FeedbackRejected."""
    try:
        data = _bytes(image)
        if dicom is None:
            return pixels.decode(data)
        source = dicom_frames.read(data)
        found = dicom_frames.decode(source, dicom["frame"] - 1)
        # As all that trains: without the names that scanners write beside the ultrasound.
        shown = dicom_frames.blanked(found.pixels, source.attributes.regions)
        return dataclasses.replace(found, pixels=shown)
    except ClientError as error:
        if objects.is_missing(error):
            detail = "the version of the image that was answered is gone"
            raise FeedbackRejected("image-gone", detail) from error
        raise
    except ImageRejected as error:
        raise FeedbackRejected(error.reason, error.detail) from error


def _mask(
    verdict: Verdict, prediction: Mapping[str, Any], decoded: pixels.Decoded, results: str
) -> Mask | None:
    size = (decoded.width, decoded.height)
    if verdict.mask is not None:
        return verdicts.lesion(verdict.mask, size)
    if not verdict.as_predicted:
        return None
    key = prediction["segmentation"]["mask_key"]
    try:
        answer = client("s3").get_object(Bucket=results, Key=key)
    except ClientError as error:
        if objects.is_missing(error):
            raise _changed() from error
        raise
    stamp = Stamp.read(answer["Metadata"])
    if (stamp.version_id, stamp.sequencer) != (
        prediction["image"]["version_id"],
        prediction["sequencer"],
    ):
        raise _changed()
    # Written by us, 0 and 255: white alone is a lesion all over.
    drawn = pixels.decode(answer["Body"].read())
    if (drawn.width, drawn.height) != size:
        raise _changed()
    own: Mask = drawn.pixels > 0
    return own


def _changed() -> FeedbackRejected:
    detail = "the answer's mask is no longer that of the image that was judged"
    return FeedbackRejected("another-version", detail)
