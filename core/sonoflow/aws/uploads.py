"""Uploads, as EventBridge reports them ("Object Created")."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import payloads
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.errors import PayloadInvalid

_SWEPT_DIGITS = 64  # hexadecimal; S3's own sequencers have some twenty


@dataclasses.dataclass(frozen=True)
class Upload:
    """One version of one object."""

    bucket: str
    key: str
    version_id: str | None  # None where the bucket keeps no versions
    size: int  # bytes
    sequencer: str = ""
    # The key of the zip that holds it, where it is no object itself: version and sequencer are that
    # one's then, and `key` is what it would be called beside it.
    archive: str | None = None

    @property
    def object_key(self) -> str:
        """Of the object to which the version belongs."""
        return self.key if self.archive is None else self.archive

    def facts(self) -> dict[str, Any]:
        """What the inputs of states and the documents in S3 hold of an upload."""
        return {
            "bucket": self.bucket,
            "key": self.key,
            "version_id": self.version_id,
            "size": self.size,
            **({"archive": self.archive} if self.archive else {}),
        }


def from_event(event: Mapping[str, Any]) -> Upload:
    """The upload that an EventBridge event reports. Raises PayloadInvalid."""
    source = payloads.field(event, "source", str)
    kind = payloads.field(event, "detail-type", str)
    if (source, kind) != ("aws.s3", "Object Created"):
        raise PayloadInvalid(f"expected 'Object Created' of aws.s3, not {kind!r} of {source!r}")
    return Upload(
        bucket=payloads.field(event, "detail.bucket.name", str),
        key=payloads.field(event, "detail.object.key", str),
        version_id=event["detail"]["object"].get("version-id"),
        size=payloads.field(event, "detail.object.size", int),
        sequencer=event["detail"]["object"].get("sequencer", ""),
    )


def from_state(payload: Mapping[str, Any]) -> Upload:
    """The upload that a state's input names. Raises PayloadInvalid."""
    return Upload(
        bucket=payloads.field(payload, "upload.bucket", str),
        key=payloads.field(payload, "upload.key", str),
        version_id=payload["upload"].get("version_id"),
        size=payloads.field(payload, "upload.size", int),
        sequencer=payload["upload"].get("sequencer", ""),
    )


class State(enum.Enum):
    """What lies at the key of an upload."""

    PRESENT = enum.auto()
    REPLACED = enum.auto()  # its newest version is another one than the upload's
    DELETED = enum.auto()  # its newest version is a delete marker
    ABSENT = enum.auto()


def state(upload: Upload) -> State:
    """Of the key, by its newest version. S3 lists and answers what was written before, at once."""
    try:
        head = client("s3").head_object(Bucket=upload.bucket, Key=upload.object_key)
    except ClientError as error:
        if not objects.is_missing(error):
            raise
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        return State.DELETED if headers.get("x-amz-delete-marker") == "true" else State.ABSENT
    newest = head.get("VersionId", upload.version_id)
    return State.PRESENT if upload.version_id in (None, newest) else State.REPLACED


def exists(upload: Upload) -> bool:
    """Whether that version can still be read, and its key was not deleted since.

    A version below a delete marker can be read, but whoever deleted the key wants nothing of it.
    """
    try:
        client("s3").head_object(
            Bucket=upload.bucket, Key=upload.object_key, **objects.versioned(upload.version_id)
        )
    except ClientError as error:
        if objects.is_missing(error):
            return False
        raise
    return state(upload) in (State.PRESENT, State.REPLACED)


def sequencer_after(earlier: Iterable[str]) -> str:
    """One for an event that S3 did not send: the least of so many digits that is later than all of
    those, and so before whatever S3 will give a version that is made after them."""
    latest = ""
    for each in earlier:
        latest = each if is_newer(each, latest) else latest
    width = max(_SWEPT_DIGITS, len(latest))
    return f"{int(latest.ljust(width, '0'), 16) + 1:0{width}X}"


def is_swept(sequencer: str) -> bool:
    """Whether it was made by `sequencer_after`, and not by S3."""
    return len(sequencer) >= _SWEPT_DIGITS


def is_newer(sequencer: str, other: str) -> bool:
    """Whether S3 made the object of `sequencer` after that of `other`, both of the same key.

    The texts may differ in length: S3 says to pad the shorter with zeros on the right.
    """
    width = max(len(sequencer), len(other))
    return sequencer.ljust(width, "0") > other.ljust(width, "0")
