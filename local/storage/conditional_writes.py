"""S3's conditional writes: condition and write are one step, as S3 has it.

moto judges If-Match and If-None-Match of a PUT or a DELETE and then writes, and another request may
come between the two; it ignores If-Match when an upload of parts is completed, and both conditions
of a copy.
"""

from __future__ import annotations

import functools
import threading
import zlib
from collections.abc import Callable
from typing import Any

from moto.s3.exceptions import MissingKey, PreconditionFailed
from moto.s3.responses import S3Response

from local.runtime.patch import replace
from local.runtime.runtime import Runtime

_LOCKS = tuple(threading.RLock() for _ in range(64))  # each of a share of all keys


def install(runtime: Runtime) -> None:
    """Keep writes of one key apart, and judge the conditions that moto does not."""
    for name in ("put_object", "delete_object"):
        replace(S3Response, name, _apart)
    replace(S3Response, "copy_object", lambda original: _apart(_judged(original)))
    replace(S3Response, "_key_response_post", _completion)


# Of conditions that S3 knows for reads alone: 501, for which moto has no error.
_NOT_IMPLEMENTED = (
    "<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is"
    " not implemented</Message><Header>If-None-Match</Header></Error>"
)


def _apart(write: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(write)
    def alone(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.headers.get("If-None-Match", "*") != "*":
            return 501, {"Content-Type": "application/xml"}, _NOT_IMPLEMENTED
        with _lock(self.bucket_name, self.parse_key_name()):
            return write(self, *args, **kwargs)

    return alone


def _judged(write: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(write)
    def judge(self: Any, *args: Any, **kwargs: Any) -> Any:
        _check(self, self.backend.get_object(self.bucket_name, self.parse_key_name()))
        return write(self, *args, **kwargs)

    return judge


def _completion(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def post(
        self: Any, request: Any, body: bytes, bucket_name: str, query: Any, key_name: str
    ) -> Any:
        if not query.get("uploadId"):
            return original(self, request, body, bucket_name, query, key_name)
        if self.headers.get("If-None-Match", "*") != "*":
            return 501, {"Content-Type": "application/xml"}, _NOT_IMPLEMENTED
        with _lock(bucket_name, key_name):
            existing = self.backend.get_object(bucket_name, key_name)
            # A completion that is repeated finds its own object, and is not judged again.
            made_of = getattr(getattr(existing, "multipart", None), "id", None)
            if made_of != query["uploadId"][0]:
                _check(self, existing)
            return original(self, request, body, bucket_name, query, key_name)

    return post


def _check(response: Any, existing: Any) -> None:
    """As S3 answers: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""
    wanted = response.headers.get("If-Match")
    if wanted and existing is None:
        raise MissingKey
    if wanted and wanted.strip('"') != existing.etag.strip('"'):
        raise PreconditionFailed("If-Match")
    if response.headers.get("If-None-Match") == "*" and existing is not None:
        raise PreconditionFailed("If-None-Match")


def _lock(bucket: str, key: str) -> threading.RLock:
    return _LOCKS[zlib.crc32(f"{bucket}/{key}".encode()) % len(_LOCKS)]
