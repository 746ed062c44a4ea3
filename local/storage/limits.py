"""What S3 refuses of an object before it looks at it: its size, its key, its metadata, its tags.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import parse_qsl

from moto.s3.exceptions import (
    BadRequest,
    InvalidPartOrder,
    InvalidTagError,
    S3ClientError,
)
from moto.s3.responses import S3Response

from local.runtime.patch import replace
from local.runtime.runtime import Runtime

_UPLOAD_BYTES = 5 * 1024**3  # in one request, of an object or of a part
_KEY_BYTES = 1024
_METADATA_BYTES = 2048
_METADATA = "x-amz-meta-"
_TAGS = 10
_TAG_KEY, _TAG_VALUE = 128, 256  # characters
_TOO_LARGE = (
    "<Error><Code>EntityTooLarge</Code><Message>Your proposed upload exceeds the maximum allowed"
    f" size</Message><MaxSizeAllowed>{_UPLOAD_BYTES}</MaxSizeAllowed></Error>"
)


def install(runtime: Runtime) -> None:
    replace(S3Response, "key_response", _small_enough)
    replace(S3Response, "_key_response", _within_limits)
    replace(S3Response, "_complete_multipart_body", _in_order)


def _small_enough(original: Any) -> Any:
    """moto: reads whatever is sent. AWS: 5 GB at most in one request."""

    def key_response(response: S3Response, request: Any, full_url: str, headers: Any) -> Any:
        decoded = request.headers.get("x-amz-decoded-content-length", "")
        size = int(decoded) if decoded.isdecimal() else request.content_length or 0
        if request.method == "PUT" and size > _UPLOAD_BYTES:
            return 400, {"Content-Type": "application/xml"}, _TOO_LARGE
        return original(response, request, full_url, headers)

    return key_response


def _within_limits(original: Any) -> Any:
    """moto: any key, any metadata, and tags are looked at once the object is there. AWS: not."""

    def key_response(response: S3Response, request: Any, full_url: str) -> Any:
        if len(response.parse_key_name().encode()) > _KEY_BYTES:
            raise S3ClientError("KeyTooLongError", "Your key is too long")
        if request.method in ("PUT", "POST"):
            _check_metadata(request.headers)
            _check_tags(request.headers.get("x-amz-tagging", ""))
        return original(response, request, full_url)

    return key_response


def _in_order(original: Any) -> Any:
    """moto: parts in any order. AWS: ascending."""

    def complete_multipart_body(response: S3Response, body: bytes) -> list[tuple[int, str]]:
        parts = list(original(response, body))
        numbers = [number for number, _ in parts]
        if any(after <= before for before, after in itertools.pairwise(numbers)):
            raise InvalidPartOrder
        return parts

    return complete_multipart_body


def _check_metadata(headers: Any) -> None:
    size = sum(
        len(name) - len(_METADATA) + len(value.encode())
        for name, value in headers.items()
        if name.lower().startswith(_METADATA)
    )
    if size > _METADATA_BYTES:
        raise S3ClientError(
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
        )


def _check_tags(header: str) -> None:
    tags = parse_qsl(header, keep_blank_values=True)
    if len(tags) > _TAGS:
        raise BadRequest(f"Object tags cannot be greater than {_TAGS}")
    for key, value in tags:
        if not 1 <= len(key) <= _TAG_KEY or key.startswith("aws:"):
            raise InvalidTagError("The TagKey you have provided is invalid")
        if len(value) > _TAG_VALUE:
            raise InvalidTagError("The TagValue you have provided is invalid")
