"""An S3 object as a seekable file: what zipfile needs to read members without the whole."""

from __future__ import annotations

import collections
import io
import os
from typing import Any

from sonoflow import objects
from sonoflow.clients import client
from sonoflow.uploads import Upload

# An ultrasound image is 50 to 500 kB. Blocks this large make the members of a batch, which mostly
# lie side by side, a handful of requests; the few that are kept bound the memory.
BLOCK_BYTES = 2 * 1024 * 1024
BLOCKS_KEPT = 4


def open_remote(upload: Upload) -> io.BufferedReader:
    return io.BufferedReader(RemoteFile(upload))


class RemoteFile(io.RawIOBase):
    """Read-only view of one version of an object, fetched in blocks by ranged GETs."""

    def __init__(self, upload: Upload) -> None:
        super().__init__()
        self._upload = upload
        self._position = 0
        self._blocks: collections.OrderedDict[int, bytes] = collections.OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._upload.size}
        position = start[whence] + offset
        if position < 0:
            # An OSError, which zipfile expects where it probes for what may not be there, and a
            # ValueError, which tells garbled offsets from errors of reading.
            raise io.UnsupportedOperation(f"cannot seek to {position}, before the start")
        self._position = position
        return position

    def readinto(self, buffer: Any) -> int:
        """Fills the whole buffer unless the object ends."""
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self._upload.size)
        filled = 0
        while self._position < end:
            number, offset = divmod(self._position, BLOCK_BYTES)
            piece = self._block(number)[offset : offset + end - self._position]
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._position += len(piece)
        return filled

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._blocks[number] = self._fetch(number)
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, number: int) -> bytes:
        first = number * BLOCK_BYTES
        last = min(first + BLOCK_BYTES, self._upload.size) - 1
        response = client("s3").get_object(
            Bucket=self._upload.bucket,
            Key=self._upload.key,
            Range=f"bytes={first}-{last}",
            **objects.versioned(self._upload.version_id),
        )
        body: bytes = response["Body"].read()
        if len(body) != last - first + 1:
            # Would make readinto return short, or loop for ever on an empty block.
            raise OSError(f"S3 gave {len(body)} bytes for {first}-{last} of {self._upload.key!r}")
        return body
