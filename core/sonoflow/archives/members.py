"""Members of an archive as bytes: where they lie, read together, unpacked within limits."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from sonoflow.archives import directory, methods, names, verdicts
from sonoflow.aws.ranged import Source
from sonoflow.errors import ImageRejected

# A request costs as much time as some MB: what lies between two members is read along with them
# if it is less than the gap, as long as one read stays within the limit.
GAP_BYTES = 256 * 1024
SPAN_BYTES_LIMIT = 8 * 1024 * 1024
# Local headers repeat the name and add extra fields, mostly a few dozen bytes.
_EXTRA_BYTES = 512
_HEADER = struct.Struct("<4s5H3L2H")
_DESCRIPTOR = 0x8  # bit of a member's flags: sizes follow the data, the header has none


@dataclasses.dataclass(frozen=True, slots=True)
class Location:
    """Where a member lies, and what it must unpack to."""

    offset: int
    length: int  # to be read from there, local header included
    packed: int
    size: int
    crc: int
    method: int


def locate(member: directory.Member, end: int) -> Location:
    """`end` is where the archive's members end."""
    least = verdicts.LOCAL_HEADER_BYTES + member.name_bytes + member.packed
    length = min(least + _EXTRA_BYTES, end - member.offset)
    return Location(member.offset, length, member.packed, member.size, member.crc, member.method)


@dataclasses.dataclass(frozen=True)
class Span:
    """Bytes that are read at once."""

    offset: int
    length: int


def coalesce(locations: Iterable[Location]) -> list[tuple[Span, list[Location]]]:
    """Neighbours in one span each. A single member may be larger than a span may grow."""
    spans: list[tuple[Span, list[Location]]] = []
    for location in sorted(set(locations), key=lambda one: (one.offset, one.length)):
        end = location.offset + location.length
        if spans:
            span, inside = spans[-1]
            reach = span.offset + span.length
            whole = max(reach, end) - span.offset
            if location.offset - reach <= GAP_BYTES and whole <= SPAN_BYTES_LIMIT:
                spans[-1] = Span(span.offset, whole), [*inside, location]
                continue
        spans.append((Span(location.offset, location.length), [location]))
    return spans


class Reader(Protocol):
    def read(self, name: str, location: Location) -> bytes:
        """The member's content. Raises ImageRejected if it cannot be had whole."""


class BatchReader:
    """The members of one batch: read side by side, held packed until the batch is done."""

    def __init__(
        self,
        source: Source,
        locations: Sequence[Location],
        pool: concurrent.futures.Executor,
    ) -> None:
        self._source = source
        self._held: dict[Location, tuple[Span, concurrent.futures.Future[bytes]]] = {}
        for span, inside in coalesce(locations):
            future = pool.submit(source.read_at, span.offset, span.length)
            self._held.update((location, (span, future)) for location in inside)

    def read(self, name: str, location: Location) -> bytes:
        """Errors of S3 escape: trying again may help there."""
        span, future = self._held[location]
        start = location.offset - span.offset
        data = memoryview(future.result())[start : start + location.length]
        begin = _check_header(data, name, location)
        end = begin + location.packed
        if end > len(data):  # a header longer than was thought likely
            if location.offset + end > self._source.size:
                raise ImageRejected("size-mismatch", "its data would end behind the file")
            rest = self._source.read_at(location.offset + len(data), end - len(data))
            data = memoryview(bytes(data) + rest)
        return unpack(data[begin:end], location)


def head(source: Source, name: str, location: Location, count: int) -> bytes:
    """The first bytes of a member, or as many as it has; not held against its CRC.

    Raises ImageRejected if it cannot be had. Errors of S3 escape.
    """
    brief = location.method in methods.IN_STEPS
    most = _HEADER.size + len(name.encode()) + _EXTRA_BYTES + 2 * count
    length = min(location.length, most) if brief else location.length
    data = memoryview(source.read_at(location.offset, length))
    begin = _check_header(data, name, location)
    packed = data[begin : begin + location.packed]
    if location.method == methods.STORED:
        return bytes(packed[:count])
    if not brief:
        return unpack(packed, location)[:count]
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, count)
    except zlib.error as error:
        raise ImageRejected("corrupt", f"the archive's copy is damaged: {error}") from error


def _check_header(data: memoryview, name: str, location: Location) -> int:
    """Where the data begin. Two readers of one archive must not see two different files."""
    if len(data) < _HEADER.size:
        raise ImageRejected("corrupt", "the archive ends within the file's header")
    signature, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = (
        _HEADER.unpack_from(data)
    )
    if signature != b"PK\x03\x04":
        raise ImageRejected("corrupt", "there is no file where the directory says")
    begin: int = _HEADER.size + name_bytes + extra_bytes
    raw = bytes(data[_HEADER.size : _HEADER.size + name_bytes])
    extra = bytes(data[_HEADER.size + name_bytes : begin])
    if not names.is_named(name, raw, flags, extra) or method != location.method:
        raise ImageRejected("header-mismatch", "its header and the directory name another file")
    if flags & verdicts.ENCRYPTED:
        raise ImageRejected("encrypted", "the file is encrypted; send it without password")
    stated = (crc, packed, size)
    known = (location.crc, location.packed, location.size)
    if not flags & _DESCRIPTOR and any(
        number not in (right, 0xFFFFFFFF) for number, right in zip(stated, known, strict=True)
    ):
        raise ImageRejected("size-mismatch", "its header and the directory give other sizes")
    return begin


def read_path(source: Source, path: str, bytes_limit: int) -> bytes:
    """The content of the member that may be read under a canonical path. Raises ImageRejected, and
    DatasetRefused if the file is no archive; errors of S3 escape."""
    index = directory.read(source)
    usable, _ = verdicts.judge(index, bytes_limit)
    if path not in usable:
        raise ImageRejected("not-in-archive", f"the archive has no usable file {path!r}")
    location = locate(usable[path], index.end)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return BatchReader(source, [location], pool).read(usable[path].name, location)


def unpack(data: memoryview, location: Location) -> bytes:
    """Never holds more than the size that the directory gives, and a step."""
    try:
        content = methods.inflate(data, location.method, location.size)
    except methods.DAMAGED as error:
        raise ImageRejected("corrupt", f"the archive's copy is damaged: {error}") from error
    if len(content) != location.size:
        detail = f"unpacks to {len(content)} bytes, the directory says {location.size}"
        raise ImageRejected("size-mismatch", detail)
    if zlib.crc32(content) != location.crc:
        raise ImageRejected("crc-mismatch", "the content is not what the directory's CRC says")
    return content
