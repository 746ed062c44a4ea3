"""JPEG's lossless process, which Pillow does not read: ITU-T T.81 annex H, Huffman coding.

The usual decoders in C++ can be made to write where they must not; this one has nothing to
overrun. Which bit a symbol begins at follows from the one before alone, so a table of every bit's
successor is made at once, and what is left to do symbol by symbol is one look-up.
"""

from __future__ import annotations

import dataclasses
import re
import struct

import numpy as np
import numpy.typing as npt

from sonoflow.dicom import elements
from sonoflow.dicom.codestreams import LOSSLESS
from sonoflow.errors import ImageRejected

SAMPLES_LIMIT = 16_000_000  # of a frame; each takes a tenth of a microsecond or so
_CHUNK_BYTES = 1 << 18
_PADDING = b"\0" * 16
_WHOLE = 16  # the category whose difference is 32768 and has no bits of its own
_MARKER = re.compile(rb"\xff+([^\x00\xff])")

Differences = npt.NDArray[np.int64]  # (rows, columns)
Samples = npt.NDArray[np.uint16]


@dataclasses.dataclass(frozen=True, eq=False)
class _Table:
    """By the next sixteen bits: how long the code is, and how many bits follow."""

    lengths: npt.NDArray[np.uint8]  # 0: there is no such code
    categories: npt.NDArray[np.uint8]


class _Frame:
    """What the markers say so far."""

    def __init__(self) -> None:
        self.rows = self.columns = self.precision = self.interval = 0
        self.components: list[int] = []
        self.tables: dict[int, _Table] = {}


def decode(data: bytes) -> Samples:
    """(components, rows, columns). Raises ImageRejected."""
    frame, at = _Frame(), 2
    planes: dict[int, Samples] = {}
    while True:
        found = _MARKER.match(data, at)
        if found is None:
            raise elements.cut_off("a frame ends before its last sample")
        marker, body = found[1][0], _body(data, found.end())
        at = found.end() + 2 + len(body)
        if marker == 0xC4:
            _define_tables(frame, body)
        elif marker == LOSSLESS:
            _define_frame(frame, body)
        elif marker == 0xDD and len(body) >= 2:
            (frame.interval,) = struct.unpack_from(">H", body)
        elif marker == 0xDA:
            at = _scan(data, at, body, frame, planes)
        elif marker == 0xD9:
            break
        if frame.components and planes.keys() == set(frame.components):
            break
    if not planes or planes.keys() != set(frame.components):
        raise elements.cut_off("a frame ends before its last sample")
    return np.stack([planes[one] for one in frame.components])


def _body(data: bytes, at: int) -> bytes:
    if len(data) - at < 2:
        raise elements.cut_off("a frame ends within its header")
    (length,) = struct.unpack_from(">H", data, at)
    if not 2 <= length <= len(data) - at:
        raise elements.cut_off("a frame ends within its header")
    return data[at + 2 : at + length]


def _define_frame(frame: _Frame, body: bytes) -> None:
    if len(body) < 6 or len(body) < 6 + 3 * body[5] or frame.components:
        raise elements.damaged("a frame's header is malformed")
    frame.precision, frame.rows, frame.columns, count = struct.unpack_from(">BHHB", body)
    parts = [body[6 + 3 * i : 9 + 3 * i] for i in range(count)]
    if any(part[1] != 0x11 for part in parts) or not 2 <= frame.precision <= 16:
        raise elements.damaged("a frame's components differ in size, or are of no such depth")
    if frame.rows * frame.columns * count > SAMPLES_LIMIT:
        raise ImageRejected("too-large", f"a lossless JPEG frame has over {SAMPLES_LIMIT} samples")
    frame.components = [part[0] for part in parts]
    if not frame.rows * frame.columns or len({*frame.components}) != count or not count:
        raise elements.damaged("a frame's header describes no pixels")


def _define_tables(frame: _Frame, body: bytes) -> None:
    at = 0
    while at < len(body):
        counts = body[at + 1 : at + 17]
        values = body[at + 17 : at + 17 + sum(counts)]
        if len(counts) < 16 or len(values) < sum(counts):
            raise elements.damaged("a Huffman table is cut off")
        frame.tables[body[at]] = _table(counts, values)
        at += 17 + len(values)


def _table(counts: bytes, values: bytes) -> _Table:
    lengths, categories = (np.zeros(1 << 16, dtype=np.uint8) for _ in range(2))
    at, number = 0, 0
    for length, count in enumerate(counts, start=1):
        width = 1 << (16 - length)
        for value in values[number : number + count]:
            if at + width > 1 << 16 or value > _WHOLE:
                raise elements.damaged("a Huffman table is of no codes that can be")
            lengths[at : at + width] = length
            categories[at : at + width] = value
            at += width
        number += count
    return _Table(lengths, categories)


def _scan(data: bytes, at: int, body: bytes, frame: _Frame, planes: dict[int, Samples]) -> int:
    """Reads one scan's components; where it ends."""
    count = body[0] if body else 0
    if len(body) < 4 + 2 * count or not count:
        raise elements.damaged("a scan's header is malformed")
    chosen = [body[1 + 2 * i] for i in range(count)]
    tables = [frame.tables.get(body[2 + 2 * i] >> 4) for i in range(count)]
    predictor, shift = body[1 + 2 * count], body[3 + 2 * count] & 15
    if not {*chosen} <= {*frame.components} - planes.keys() or None in tables:
        raise elements.damaged("a scan names a component or a table that is not there")
    if not 1 <= predictor <= 7 or shift >= frame.precision or len({*chosen}) != count:
        raise elements.damaged("a scan's prediction is none of the standard's")
    known = [table for table in tables if table is not None]
    segments, end = _segments(data, at)
    found = _components(segments, frame, known, predictor, shift)
    planes.update(zip(chosen, found, strict=True))
    return end


def _components(
    segments: list[bytes], frame: _Frame, tables: list[_Table], predictor: int, shift: int
) -> list[Samples]:
    """The planes of a scan's components; prediction begins anew with each segment."""
    rows = frame.rows
    if frame.interval:
        rows, odd = divmod(frame.interval, frame.columns)
        if odd:
            raise elements.damaged("a restart interval is not of whole lines")
    start = 1 << (frame.precision - shift - 1)
    parts: list[list[Samples]] = [[] for _ in tables]
    for number, top in enumerate(range(0, frame.rows, rows)):
        if number == len(segments):
            raise elements.cut_off("a frame ends before its last line")
        height = min(rows, frame.rows - top)
        found = _differences(segments[number], tables, height * frame.columns)
        for part, differences in zip(parts, found, strict=True):
            shape = differences.reshape(height, frame.columns)
            part.append(_predicted(shape, predictor, start) << np.uint16(shift))
    return [np.concatenate(part) for part in parts]


def _segments(data: bytes, at: int) -> tuple[list[bytes], int]:
    """A scan's coded bytes from one restart to the next, and where it ends."""
    found = []
    for marker in _MARKER.finditer(data, at):
        found.append(data[at : marker.start()].replace(b"\xff\0", b"\xff"))
        at = marker.end()
        if not 0xD0 <= marker[1][0] <= 0xD7:
            return found, marker.start()
    return [*found, data[at:].replace(b"\xff\0", b"\xff")], len(data)


def _differences(coded: bytes, tables: list[_Table], count: int) -> list[Differences]:
    """So many of each component, which take turns. Raises ImageRejected."""
    if len(coded) * 8 < count * len(tables):  # no code is shorter than a bit
        raise elements.cut_off("a frame has fewer coded bits than samples")
    found = np.zeros((count, len(tables)), dtype=np.int64)
    flat, total, bit = found.reshape(-1), count * len(tables), 0
    alike = all(table is tables[0] for table in tables)
    turns = [tables[0]] if alike else tables
    done = 0
    while done < total:
        base = bit >> 3
        if base >= len(coded):
            raise elements.cut_off("a frame's coded bits end before its last sample")
        part = coded[base : base + _CHUNK_BYTES + 8]
        places, bit = _places(part, turns, bit & 7, total - done, done)
        for turn, table in enumerate(turns):
            mine = slice((turn - done) % len(turns), None, len(turns))
            flat[done : done + len(places)][mine] = _numbers(part, table, places[mine])
        done += len(places)
        bit += base * 8
    if bit > len(coded) * 8:
        raise elements.cut_off("a frame's coded bits end before its last sample")
    return [found[:, one] for one in range(len(tables))]


def _places(
    part: bytes, turns: list[_Table], bit: int, most: int, done: int
) -> tuple[npt.NDArray[np.int64], int]:
    """At which bits the next symbols begin, as many as begin in the chunk; where they end."""
    following = [_successors(part, table).data for table in turns]
    limit = min(len(part), _CHUNK_BYTES) * 8
    places: list[int] = []
    turn, number = done % len(turns), len(turns)
    note = places.append
    while bit < limit and len(places) < most:
        note(bit)
        after = following[turn][bit]
        if after == bit:
            raise elements.damaged("a frame's bits are no code of its Huffman table")
        bit = after
        turn = (turn + 1) % number
    return np.array(places, dtype=np.int64), bit


def _windows(part: bytes) -> npt.NDArray[np.uint32]:
    """By byte: it and the three behind it, as one number."""
    data = np.frombuffer(part + _PADDING, dtype=np.uint8).astype(np.uint32)
    wide = data[:-3] << 24 | data[1:-2] << 16 | data[2:-1] << 8 | data[3:]
    return wide.astype(np.uint32, copy=False)


def _successors(part: bytes, table: _Table) -> npt.NDArray[np.int32]:
    """By bit: where the next symbol begins if one begins here; the same bit where none can."""
    steps = table.lengths + np.where(table.categories == _WHOLE, 0, table.categories)
    wide, count = _windows(part), len(part)
    found = np.empty((count, 8), dtype=np.int32)
    here = np.arange(count, dtype=np.int32) * 8
    for offset in range(8):
        ahead = wide[:count] >> np.uint32(16 - offset) & np.uint32(0xFFFF)
        step = np.where(table.lengths[ahead] == 0, 0, steps[ahead])
        found[:, offset] = here + offset + step
    return found.reshape(-1)


def _numbers(part: bytes, table: _Table, places: npt.NDArray[np.int64]) -> Differences:
    """The differences that begin at these bits."""
    wide = _windows(part)
    at, shift = places >> 3, (places & 7).astype(np.uint32)
    codes = wide[at] >> (np.uint32(16) - shift) & np.uint32(0xFFFF)
    categories = table.categories[codes].astype(np.int64)
    behind = places + table.lengths[codes]
    bits = np.where(categories == _WHOLE, 0, categories)
    at, offset = behind >> 3, behind & 7
    value = wide[at].astype(np.int64) >> (32 - offset - bits) & ((1 << bits) - 1)
    negative = (bits > 0) & (value < 1 << np.maximum(bits - 1, 0))
    value = np.where(negative, value - (1 << bits) + 1, value)
    return np.where(categories == _WHOLE, 32768, value)


def _predicted(differences: Differences, predictor: int, start: int) -> Samples:
    """Samples, modulo 2^16, from what they differ by from their prediction."""
    first = (start + np.cumsum(differences[0])) & 0xFFFF
    lines = [first]
    for line in differences[1:]:
        above = lines[-1]
        lines.append(_line(line, above, predictor) & 0xFFFF)
    return np.array(lines, dtype=np.uint16)


def _line(line: Differences, above: Differences, predictor: int) -> Differences:
    """A line but the first: its first sample is predicted by the one above."""
    head, rest = above[:1] + line[:1], line[1:]
    if predictor == 1:  # left
        return np.cumsum(np.concatenate((head, rest)))
    if predictor == 2:  # above
        return above + line
    if predictor == 3:  # above and left
        return np.concatenate((head, above[:-1] + rest))
    slope = above[1:] - above[:-1]
    if predictor in (4, 5):  # left, and how the line above goes on, or half of that
        rising = slope if predictor == 4 else slope >> 1
        return np.cumsum(np.concatenate((head, rest + rising)))
    return _by_both(line, above, predictor)


def _by_both(line: Differences, above: Differences, predictor: int) -> Differences:
    """Where the sample before counts by half, one comes after the other."""
    up, steps = above.tolist(), line.tolist()
    left = (up[0] + steps[0]) & 0xFFFF
    found = [left]
    for at in range(1, len(steps)):
        beside = up[at] + ((left - up[at - 1]) >> 1)
        expected = beside if predictor == 6 else (left + up[at]) >> 1
        left = (expected + steps[at]) & 0xFFFF
        found.append(left)
    return np.array(found, dtype=np.int64)
