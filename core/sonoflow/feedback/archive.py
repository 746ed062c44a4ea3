"""A zip of objects of S3, written to S3 as a stream: nothing of it is held but one part.

The pictures are PNG files, packed already, so they are stored as they are. The same members make
the same archive to the byte.
"""

from __future__ import annotations

import dataclasses
import itertools
import zipfile
from collections.abc import Iterable, Mapping

from sonoflow.aws import multipart, objects

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can name


@dataclasses.dataclass(frozen=True)
class Picture:
    """A member, and the object that it is a copy of."""

    name: str
    key: str

    def read(self, bucket: str) -> tuple[str, bytes]:
        return self.name, objects.read(bucket, self.key)


class _Stream:
    """What zipfile takes for a file that cannot be sought in."""

    def __init__(self, writer: multipart.ObjectWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> int:
        self._writer.write(data)
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def write(
    bucket: str,
    key: str,
    metadata: Mapping[str, str],
    first: Mapping[str, bytes],
    contents: Iterable[tuple[str, bytes]],
) -> None:
    """The archive appears as a whole, or not at all. Errors of S3 escape."""
    with (
        multipart.uploading(bucket, key, "application/zip", metadata) as writer,
        zipfile.ZipFile(_Stream(writer), "w", zipfile.ZIP_STORED) as archive,
    ):
        for name, content in itertools.chain(first.items(), contents):
            archive.writestr(zipfile.ZipInfo(name, _TIME), content)
