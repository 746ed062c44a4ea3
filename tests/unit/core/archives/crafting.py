"""A zip writer that lies on demand: every number of every record can be chosen."""

from __future__ import annotations

import bz2
import dataclasses
import struct
import zlib
from collections.abc import Sequence

SATURATED = 0xFFFFFFFF


@dataclasses.dataclass(frozen=True)
class Entry:
    """A member; what is None is what an honest writer would write."""

    name: str | bytes
    content: bytes = b""
    method: int = 8
    flags: int | None = None
    crc: int | None = None
    size: int | None = None
    packed: int | None = None
    offset: int | None = None
    data: bytes | None = None  # as packed
    mode: int = 0o100644
    extra: bytes = b""  # in the directory
    comment: bytes = b""
    descriptor: bool = False
    zip64: bool = False
    local_name: bytes | None = None
    local_extra: bytes = b""
    local_flags: int | None = None
    local_method: int | None = None
    local_size: int | None = None
    local_signature: bytes = b"PK\x03\x04"
    unlisted: bool = False

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def raw_flags(self) -> int:
        if self.flags is not None:
            return self.flags
        text = isinstance(self.name, str) and not self.name.isascii()
        return (0x800 if text else 0) | (0x8 if self.descriptor else 0)

    @property
    def raw_data(self) -> bytes:
        return self.data if self.data is not None else pack(self.content, self.method)

    def local(self) -> bytes:
        data, name = self.raw_data, self.raw_name if self.local_name is None else self.local_name
        crc, size = zlib.crc32(self.content), len(self.content)
        told = (0, 0, 0) if self.descriptor else (crc, len(data), size)
        if self.local_size is not None:
            told = (crc, len(data), self.local_size)
        flags = self.raw_flags if self.local_flags is None else self.local_flags
        method = self.method if self.local_method is None else self.local_method
        header = struct.pack(
            "<4s5H3L2H", self.local_signature, 20, flags, method, 0, 33, *told, len(name),
            len(self.local_extra),
        )  # fmt: skip
        after = (
            struct.pack("<4s3L", b"PK\x07\x08", crc, len(data), size) if self.descriptor else b""
        )
        return header + name + self.local_extra + data + after

    def listed(self, offset: int) -> bytes:
        crc = zlib.crc32(self.content) if self.crc is None else self.crc
        size = len(self.content) if self.size is None else self.size
        packed = len(self.raw_data) if self.packed is None else self.packed
        offset = offset if self.offset is None else self.offset
        extra = self.extra
        if self.zip64:
            extra = struct.pack("<2H3Q", 1, 24, size, packed, offset) + extra
            size = packed = offset = SATURATED
        name = self.raw_name
        return struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 3 << 8 | 20, 20, self.raw_flags, self.method, 0, 33,
            crc, packed, size, len(name), len(extra), len(self.comment), 0, 0, self.mode << 16,
            offset,
        ) + name + extra + self.comment  # fmt: skip


def pack(content: bytes, method: int) -> bytes:
    if method == 8:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return packer.compress(content) + packer.flush()
    return bz2.compress(content) if method == 12 else content


def archive(
    entries: Sequence[Entry],
    *,
    comment: bytes = b"",
    prefix: bytes = b"",
    suffix: bytes = b"",
    zip64: bool = False,
    shifted: bool = True,
    **end: int,
) -> bytes:
    """`shifted`: whether a prefix is left out of the offsets, as self-extractors do. `end`
    overrides disk, first_disk, count, size, offset and comment_bytes of the end record."""
    body = bytearray(b"" if shifted else prefix)
    directory = bytearray()
    listed = 0
    for entry in entries:
        if not entry.unlisted:
            directory += entry.listed(len(body))
            listed += 1
        body += entry.local()
    facts = {
        "disk": 0,
        "first_disk": 0,
        "count": listed,
        "size": len(directory),
        "offset": len(body),
        "comment_bytes": len(comment),
        **end,
    }
    start = len(body) + len(directory)
    tail = b""
    if zip64:
        tail = struct.pack(
            "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, facts["disk"], facts["first_disk"],
            facts["count"], facts["count"], facts["size"], facts["offset"],
        ) + struct.pack("<4sLQL", b"PK\x06\x07", 0, start, 1)  # fmt: skip
        facts.update(count=0xFFFF, size=SATURATED, offset=SATURATED)
    tail += struct.pack(
        "<4s4H2LH", b"PK\x05\x06", facts["disk"], facts["first_disk"], facts["count"] & 0xFFFF,
        facts["count"] & 0xFFFF, facts["size"], facts["offset"], facts["comment_bytes"],
    )  # fmt: skip
    whole = bytes(body) + bytes(directory) + tail + comment + suffix
    return prefix + whole if shifted else whole
