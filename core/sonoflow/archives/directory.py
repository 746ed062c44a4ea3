"""The index of a zip archive, read from its end by a few ranged reads.

[members ...][central directory][ZIP64 record and locator][end record][comment]

After PKWARE's APPNOTE 6.3.10, section 4.3. Every number in it may be a lie: nothing is allocated
by what it says, and what it says is checked against the file's size.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator

from sonoflow.archives import code_pages, names
from sonoflow.assumptions import Assumption
from sonoflow.aws.ranged import Source
from sonoflow.errors import DatasetRefused

# One read has the end record, a comment of full length and the directory of some 1,800 members.
TAIL_BYTES = 256 * 1024
CHUNK_BYTES = 8 * 1024 * 1024
# An index of this many members takes about 200 MB while it is planned.
MEMBERS_LIMIT = 400_000
DIRECTORY_BYTES_LIMIT = 64 * 1024 * 1024
NAME_BYTES_LIMIT = 1024

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_UNIX = (3, 19)  # makers of an entry whose upper attributes are a Unix mode: Unix, macOS
_SATURATED = 0xFFFFFFFF


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """An entry of the directory, as it claims to be."""

    name: str
    name_bytes: int
    readable: bool  # whether the name's bytes are text; if not, `name` only shows them
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int  # of its local header, from the start of the file
    mode: int  # of Unix, 0 where it is not known
    undeclared: bytes = b""  # the name's bytes where nothing says how they are written


@dataclasses.dataclass(frozen=True)
class Index:
    members: tuple[Member, ...]  # in the directory's order
    end: int  # where members must have ended: the directory's start
    assumptions: tuple[Assumption, ...] = ()  # of how names are written


@dataclasses.dataclass(frozen=True)
class _Directory:
    start: int
    size: int
    entries: int
    shift: int  # bytes before the archive's own start, as in a self-extracting one


class _Tail:
    """The file, with its end held."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.start = max(0, source.size - TAIL_BYTES)
        self.data = source.read_at(self.start, source.size - self.start)

    def read(self, offset: int, length: int) -> bytes:
        if offset >= self.start:
            return self.data[offset - self.start : offset - self.start + length]
        held = self.data[: max(0, offset + length - self.start)]
        return self.source.read_at(offset, length - len(held)) + held


def read(source: Source) -> Index:
    """Raises DatasetRefused if the file is no archive, or one too large to be planned."""
    tail = _Tail(source)
    directory = _find(tail)
    if directory.entries > MEMBERS_LIMIT:
        raise _too_many(directory.entries)
    if directory.size > DIRECTORY_BYTES_LIMIT:
        detail = f"the directory has {directory.size} bytes, the limit is {DIRECTORY_BYTES_LIMIT}"
        raise DatasetRefused("directory-too-large", detail)
    members: list[Member] = []
    for member in _entries(tail, directory):
        if len(members) == MEMBERS_LIMIT:
            raise _too_many(f"more than {MEMBERS_LIMIT}")
        members.append(member)
    return _in_one_page(members, directory.start)


def _too_many(members: object) -> DatasetRefused:
    detail = f"the archive holds {members} files, the limit is {MEMBERS_LIMIT}; send it in parts"
    return DatasetRefused("too-many-members", detail)


def _not_a_zip(detail: str) -> DatasetRefused:
    return DatasetRefused("not-a-zip", f"the file is no readable zip archive: {detail}")


def _find(tail: _Tail) -> _Directory:
    """The directory of the last end record that makes sense.

    Comments may hold what looks like an end record, and some tools leave bytes behind the archive:
    those whose comment ends where the file ends go first.
    """
    found = list(_end_records(tail.data))
    if not found:
        raise _not_a_zip("it has no end record; perhaps it is cut off")
    found.sort(key=lambda at: not _ends_file(tail.data, at))
    empty: _Directory | None = None
    refusals: list[DatasetRefused] = []
    for at in found:
        try:
            directory = _directory(tail, at)
        except DatasetRefused as error:
            refusals.append(error)
            continue
        if directory.size:
            return directory
        empty = directory  # what zeros in a comment look like too
    if empty is None:
        raise refusals[0]
    return empty


def _end_records(data: bytes) -> Iterator[int]:
    """Where end records may begin, the last first; a handful, whatever the bytes are."""
    at = len(data)
    for _ in range(16):
        at = data.rfind(b"PK\x05\x06", 0, at + 3 if at < len(data) else at)
        if at < 0:
            return
        if at + _END.size <= len(data):
            yield at


def _ends_file(data: bytes, at: int) -> bool:
    comment: int = _END.unpack_from(data, at)[-1]
    return at + _END.size + comment == len(data)


def _directory(tail: _Tail, at: int) -> _Directory:
    _, disk, first_disk, _, entries, size, offset, _ = _END.unpack_from(tail.data, at)
    end = tail.start + at
    locator_at = at - _LOCATOR64.size
    if locator_at >= 0 and tail.data.startswith(b"PK\x06\x07", locator_at):
        end, disk, first_disk, entries, size, offset = _zip64(tail, locator_at)
    if _ends_file(tail.data, at) and (disk != first_disk or disk not in (0, 0xFFFF)):
        raise DatasetRefused("multi-part", "the file is one part of several; send a single archive")
    shift = end - size - offset
    if size > end or shift < 0:
        raise _not_a_zip(f"its directory would begin before the file ({shift})")
    start = end - size
    # The first record proves the place: counts and sizes alone may fit by chance.
    if size and tail.read(start, min(4, size)) != b"PK\x01\x02":
        raise _not_a_zip(f"there is no directory at {start}")
    return _Directory(start, size, entries, shift)


def _zip64(tail: _Tail, locator_at: int) -> tuple[int, int, int, int, int, int]:
    """Where the ZIP64 record lies, and its numbers."""
    _, _, stated, _ = _LOCATOR64.unpack_from(tail.data, locator_at)
    before = tail.start + locator_at - _END64.size  # where it lies unless it has extensions
    for end in (before, stated):
        if 0 <= end <= before and (record := tail.read(end, _END64.size))[:4] == b"PK\x06\x06":
            _, _, _, _, disk, first_disk, _, entries, size, offset = _END64.unpack(record)
            return end, disk, first_disk, entries, size, offset
    raise _not_a_zip("its ZIP64 record is missing")


def _entries(tail: _Tail, directory: _Directory) -> Iterator[Member]:
    """The members, holding one chunk of the directory at a time."""
    at, end = directory.start, directory.start + directory.size
    buffer, used = b"", 0

    def take(length: int) -> bytes:
        nonlocal at, buffer, used
        if used + length > len(buffer):
            fresh = min(max(CHUNK_BYTES, length), end - at)
            buffer, used = buffer[used:] + tail.read(at, fresh), 0
            at += fresh
            if length > len(buffer):
                raise _not_a_zip("its directory ends within a record")
        used += length
        return buffer[used - length : used]

    while at < end or used < len(buffer):
        fields = _ENTRY.unpack(take(_ENTRY.size))
        if fields[0] != b"PK\x01\x02":
            raise _not_a_zip("its directory is damaged")
        name_bytes, extra_bytes, comment_bytes = fields[10:13]
        variable = take(name_bytes + extra_bytes + comment_bytes)
        extra = variable[name_bytes : name_bytes + extra_bytes]
        yield _member(fields, variable[:name_bytes], extra, directory.shift)


def _member(fields: tuple[int, ...], raw: bytes, extra: bytes, shift: int) -> Member:
    _, made_by, _, flags, method, _, _, crc, packed, size, *_, attributes, offset = fields
    found = dict(names.extra_fields(extra))
    if 1 in found:
        size, packed, offset = _widened((size, packed, offset), found[1])
    name = names.decode_name(raw[:NAME_BYTES_LIMIT], flags, found)
    shown = name if name is not None else raw[:64].decode("ascii", "backslashreplace")
    mode = attributes >> 16 if made_by >> 8 in _UNIX else 0
    readable = name is not None
    undeclared = b"" if names.declared(raw, flags, found) else raw
    return Member(
        shown,
        len(raw),
        readable,
        flags,
        method,
        crc,
        packed,
        size,
        offset + shift,
        mode,
        undeclared,
    )


def _widened(values: tuple[int, int, int], field: bytes) -> list[int]:
    """ZIP64: each number that is all ones stands in the field, in this order."""
    wide = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
    return [next(wide, value) if value == _SATURATED else value for value in values]


def _in_one_page(members: list[Member], end: int) -> Index:
    """Names that say in no way how they are written are read in one page, unless they are UTF-8.

    Short names may be valid UTF-8 by chance: where others are in a page of double bytes, those of
    two-byte sequences alone are so too.
    """
    foreign = [m.undeclared for m in members if m.undeclared and names.utf8(m.undeclared) is None]
    if not foreign:
        return Index(tuple(members), end)
    page = code_pages.choose(foreign)
    named: list[Member] = []
    count = 0
    for member in members:
        if member.undeclared and _is_in(page, member.undeclared):
            name, count = member.undeclared.decode(page, "replace"), count + 1
            member = dataclasses.replace(member, name=name, undeclared=b"")
        named.append(member)
    others, sense = code_pages.rivals(foreign, page), code_pages.makes_sense(foreign, page)
    return Index(tuple(named), end, (code_pages.assumption(page, count, others, sense),))


def _is_in(page: str, raw: bytes) -> bool:
    name = names.utf8(raw)
    return name is None or (code_pages.is_double(page) and all(ord(sign) < 0x800 for sign in name))
