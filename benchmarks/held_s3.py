"""An S3 in this process's memory for product code that is run thousands of times.

moto answers as S3 does, at some milliseconds a request; this one knows the requests alone that
staging makes of small objects.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from sonoflow.aws.clients import client


class HeldS3:
    """The one client there is, and the objects of every bucket."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **properties: Any) -> Any:
        self.objects[Bucket, Key] = bytes(Body)
        return {}

    def get_object(self, *, Bucket: str, Key: str, Range: str = "", **version: Any) -> Any:
        body = self._found(Bucket, Key, "GetObject")
        if Range:
            first, last = Range.removeprefix("bytes=").split("-")
            body = body[int(first) : int(last) + 1]
        stream = StreamingBody(io.BytesIO(body), len(body))
        return {"Body": stream, "ContentLength": len(body)}

    def head_object(self, *, Bucket: str, Key: str, **version: Any) -> Any:
        return {"ContentLength": len(self._found(Bucket, Key, "HeadObject")), "Metadata": {}}

    def _found(self, bucket: str, key: str, operation: str) -> bytes:
        if (bucket, key) not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, operation)
        return self.objects[bucket, key]

    def client(self, service: str, **settings: Any) -> HeldS3:
        """What boto3 asks its session for."""
        if service != "s3":
            raise LookupError(f"no client of {service} is needed here")
        return self


@contextlib.contextmanager
def held() -> Iterator[HeldS3]:
    """All clients that are made meanwhile are of this S3."""
    before, s3 = boto3.DEFAULT_SESSION, HeldS3()
    client.cache_clear()
    boto3.DEFAULT_SESSION = s3
    try:
        yield s3
    finally:
        boto3.DEFAULT_SESSION = before
        client.cache_clear()
