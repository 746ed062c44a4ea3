"""Ranges of bytes of an S3 object: what an archive is read by, without ever having the whole."""

from __future__ import annotations

import os
from typing import IO, Protocol

from botocore.exceptions import HTTPClientError

from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload


class Source(Protocol):
    @property
    def size(self) -> int:
        """In bytes."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Exactly those bytes. Safe to call from several threads at once."""


class RemoteObject:
    """One version of an object, by ranged GETs.

    botocore repeats a request that fails, not a body that breaks off on the way: that is done
    here, `attempts` times in all.
    """

    def __init__(self, upload: Upload, attempts: int = 3) -> None:
        self._upload = upload
        self._attempts = attempts

    @property
    def size(self) -> int:
        return self._upload.size

    def read_at(self, offset: int, length: int) -> bytes:
        if length == 0:
            return b""
        for _ in range(self._attempts - 1):
            try:
                return self._get(offset, length)
            except (HTTPClientError, OSError):
                continue
        return self._get(offset, length)

    def _get(self, offset: int, length: int) -> bytes:
        first, last = offset, offset + length - 1
        response = client("s3").get_object(
            Bucket=self._upload.bucket,
            Key=self._upload.key,
            Range=f"bytes={first}-{last}",
            **objects.versioned(self._upload.version_id),
        )
        body: bytes = response["Body"].read()
        if len(body) != length:
            raise OSError(f"S3 gave {len(body)} bytes for {first}-{last} of {self._upload.key!r}")
        return body


class HeldFile:
    """A seekable file on this machine, for one thread: what tests and the laptop's tools read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = file.seek(0, os.SEEK_END)

    @property
    def size(self) -> int:
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        body = self._file.read(length)
        if len(body) != length:
            raise OSError(f"the file ended before {offset} + {length}")
        return body
