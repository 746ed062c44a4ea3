"""Writing an S3 object of any size in parts, so that it appears as a whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sonoflow.aws.clients import client

PART_BYTES = 8 * 1024 * 1024  # S3 takes 10,000 parts, each but the last of 5 MiB at least


class ObjectWriter:
    """An object that is being written. Small ones are put at once."""

    def __init__(
        self, bucket: str, key: str, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        self._place = {"Bucket": bucket, "Key": key}
        self._properties = {"ContentType": content_type, "Metadata": dict(metadata)}
        self._id: str | None = None  # of the multipart upload, once there is one
        self._parts: list[dict[str, Any]] = []
        self._waiting = bytearray()
        self._done = False

    def write(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= PART_BYTES:
            self._send()

    @property
    def is_done(self) -> bool:
        return self._done

    @property
    def has_parts(self) -> bool:
        return self._id is not None

    def finish(self, **condition: str) -> dict[str, Any]:
        """The object appears, if a condition (IfMatch, IfNoneMatch) is met. Gives S3's answer."""
        s3 = client("s3")
        answer: dict[str, Any]
        if self._id is None:
            body = bytes(self._waiting)
            answer = s3.put_object(Body=body, **self._place, **self._properties, **condition)
        else:
            if self._waiting:
                self._send()
            answer = s3.complete_multipart_upload(
                UploadId=self._id,
                MultipartUpload={"Parts": self._parts},
                **self._place,
                **condition,
            )
        self._done = True
        return answer

    def leave(self) -> None:
        """It is there, though S3's answer said something else: nothing is left to do."""
        self._done = True

    def abandon(self) -> None:
        """Nothing is left of it, not even parts, which cost money."""
        if self._id is not None and not self._done:
            client("s3").abort_multipart_upload(UploadId=self._id, **self._place)

    def _send(self) -> None:
        s3 = client("s3")
        if self._id is None:
            answer = s3.create_multipart_upload(**self._place, **self._properties)
            self._id = answer["UploadId"]
        number = len(self._parts) + 1
        answer = s3.upload_part(
            UploadId=self._id, PartNumber=number, Body=bytes(self._waiting), **self._place
        )
        # A checksum that S3 was sent with a part must be named again when the upload is completed.
        checksums = {name: answer[name] for name in answer if name.startswith("Checksum")}
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"], **checksums})
        self._waiting.clear()


@contextlib.contextmanager
def uploading(
    bucket: str, key: str, content_type: str, metadata: Mapping[str, str]
) -> Iterator[ObjectWriter]:
    """A writer that finishes at the end, or abandons the object if something is raised."""
    writer = ObjectWriter(bucket, key, content_type, metadata)
    try:
        yield writer
        if not writer.is_done:
            writer.finish()
    except BaseException as error:
        try:
            writer.abandon()
        except (ClientError, BotoCoreError) as other:
            error.add_note(f"the parts of {key!r} were left behind: {other!r}")
        raise
