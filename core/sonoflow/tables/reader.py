"""Rows of delimited text as numbers, a block at a time; what cannot be read is named by its line.

A block is parsed as a whole, by NumPy. Only lines that this cannot vouch for are read singly, and
by the same rules, so how lines fall into blocks changes nothing.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from sonoflow.tables.layout import RowLayout
from sonoflow.tables.lines import LINE_BYTES_LIMIT, Lines, read_lines, without_quotes
from sonoflow.tables.rows import (
    FLOAT32_LIMIT,
    BadRow,
    Row,
    missing_numbers,
    parse_record,
    parse_row,
)

_NEWLINE, _QUOTE = ord("\n"), ord('"')
_SINGLE = np.zeros(256, dtype=bool)  # bytes for which a line is read singly
_SINGLE[[byte for byte in range(32) if byte not in b"\t\n"]] = True
_SINGLE[[_QUOTE, 127]] = True
_SINGLE_ASCII = _SINGLE.copy()
_SINGLE_ASCII[128:] = True
_NUMERIC = {}  # by the decimal mark: bytes that numbers are written with
for _mark in b".,":
    _NUMERIC[chr(_mark)] = np.zeros(256, dtype=bool)
    _NUMERIC[chr(_mark)][[*b"0123456789+-eE ", _mark]] = True
_POINTS = bytes.maketrans(b",", b".")

_CONTROL = re.compile("[\x80-\x9f]")

Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Block:
    """Consecutive rows, n that can be used and those that cannot, each in the order of the file."""

    lines: NDArray[np.int64]  # (n,), physical, from 1
    ids: list[str]  # n; the line's number where the layout has no id
    labels: list[str] | None  # n; None where the layout has no label
    values: NDArray[np.float64]  # (n, features), finite, and so as float32
    bad: list[BadRow]

    def kept(self, wanted: list[bool]) -> Block:
        """The same with those of the n rows alone; what is bad stays."""
        labels = None if self.labels is None else [*itertools.compress(self.labels, wanted)]
        ids = [*itertools.compress(self.ids, wanted)]
        return Block(self.lines[wanted], ids, labels, self.values[wanted], self.bad)


def read_rows(chunks: Iterable[bytes], layout: RowLayout) -> Iterator[Block]:
    """The rows of a file whose bytes arrive in `chunks` of any size.

    What stands before the rows, comments and blank lines are passed over. Memory is bounded by the
    size of a block, a few times lines.PIECE_BYTES.
    """
    before = layout.preamble + layout.header
    for lines in read_lines(chunks):
        content = _tidied(lines.data, layout)
        text = np.frombuffer(content, np.uint8)
        ends = np.flatnonzero(text == _NEWLINE)
        starts = np.concatenate([[0], ends[:-1] + 1])
        wanted = ends > starts
        if before:
            before = _pass_over(before, content, starts, ends, wanted)
        records = _records(lines, wanted) if lines.records else []
        piece = _Piece(lines.first, content, text, starts, ends, wanted, records)
        yield _block(piece, layout)


def _tidied(data: bytes, layout: RowLayout) -> bytes:
    """With quotes and delimiters gone that mean nothing, where that is easy to see."""
    if _QUOTE in data:
        data = without_quotes(data, layout.delimiter)
    if layout.trailing:
        data = data.replace(layout.delimiter.encode() + b"\n", b"\n")
    return data


def _pass_over(count: int, content: bytes, starts: Positions, ends: Positions, wanted: Mask) -> int:
    """Marks so many lines that are not blank as not wanted; how many are still to come."""
    for line in np.flatnonzero(wanted):
        wanted[line] = False
        count -= bool(content[starts[line] : ends[line]].strip())
        if not count:
            break
    return count


def _records(lines: Lines, wanted: Mask) -> list[tuple[int, int, bytes]]:
    """First and last line of each row of several lines, and its bytes; marked as not wanted."""
    ends = np.flatnonzero(np.frombuffer(lines.data, np.uint8) == _NEWLINE)
    found = []
    for first, last in lines.records:
        if wanted[first]:
            start = int(ends[first - 1]) + 1 if first else 0
            found.append((first, last, lines.data[start : int(ends[last])]))
        wanted[first : last + 1] = False
    return found


@dataclasses.dataclass(frozen=True)
class _Piece:
    """Lines as bytes, and where each lies."""

    first: int
    content: bytes
    text: NDArray[np.uint8]
    starts: Positions
    ends: Positions
    wanted: Mask  # neither empty, nor before the rows, nor of several lines
    records: list[tuple[int, int, bytes]]  # rows of several lines: first, last, content


def _block(piece: _Piece, layout: RowLayout) -> Block:
    single = _singles(piece, layout) & piece.wanted
    fast = piece.wanted & ~single
    rows, doubtful = _parse_together(piece, fast, layout)
    single[doubtful] = True
    bad: list[BadRow] = []
    read: list[Row] = []
    for line in np.flatnonzero(single):
        content = piece.content[piece.starts[line] : piece.ends[line]]
        row = parse_row(piece.first + int(line), content, layout)
        if isinstance(row, BadRow):
            bad.append(row)
        elif row is not None:
            read.append(row)
    for first, last, content in piece.records:
        found = parse_record(piece.first + first, piece.first + last, content, layout)
        bad += [row for row in found if isinstance(row, BadRow)]
        read += [row for row in found if isinstance(row, Row)]
    return _merged(rows, read, sorted(bad, key=lambda row: row.line), layout)


def _singles(piece: _Piece, layout: RowLayout) -> Mask:
    """Lines that are too long, of another number of cells, or with bytes to have a look at."""
    delimiters = np.flatnonzero(piece.text == ord(layout.delimiter))
    counts = np.diff(np.searchsorted(delimiters, piece.ends), prepend=0)
    single: Mask = counts != len(layout.columns) - 1
    single |= piece.ends - piece.starts > LINE_BYTES_LIMIT
    strange = _SINGLE if _is_utf8(piece.content) else _SINGLE_ASCII
    single[np.searchsorted(piece.ends, np.flatnonzero(strange[piece.text]))] = True
    return single


def _is_utf8(content: bytes) -> bool:
    """Whether all of it is UTF-8, without the control characters U+0080 to U+009F."""
    try:
        return content.isascii() or not _CONTROL.search(content.decode())
    except UnicodeDecodeError:
        return False


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Rows that were parsed together."""

    lines: Positions
    ids: list[str]
    labels: list[str]
    values: NDArray[np.float64]


def _parse_together(piece: _Piece, fast: Mask, layout: RowLayout) -> tuple[_Rows, Positions]:
    """Rows of the lines in `fast`, and those of these lines that must be read singly after all."""
    chosen = np.flatnonzero(fast)
    if not len(chosen):
        return _none(layout), chosen
    content, bounds = _select(piece, fast, layout)
    # With decimal commas a point is none, and would be taken for one.
    values = _values(content, layout) if layout.notation.decimal == "." else None
    left = np.zeros(len(chosen), dtype=bool)
    if values is None:  # the rare block: find the cells that are no numbers, try the others
        left = ~_look_like_numbers(content, bounds, layout)
        fast = fast.copy()
        fast[chosen[left]] = False
        content, bounds = _select(piece, fast, layout)
        values = _values(content, layout)
    if values is None:
        return _none(layout), chosen
    parsed = chosen[~left]
    ids, labels = _texts(content, bounds, layout.id), _texts(content, bounds, layout.label)
    usable: Mask = np.max(np.abs(values), axis=1) <= FLOAT32_LIMIT
    usable &= ~_count(values, layout)
    for number in missing_numbers(layout.missing):
        usable &= np.all(values != number, axis=1)
    for cells in (ids, labels):
        if not layout.missing.isdisjoint(cells):
            usable &= np.fromiter((cell not in layout.missing for cell in cells), bool, len(cells))
    lines = parsed[usable] + piece.first
    named = _pick(ids, usable) if layout.id is not None else [str(line) for line in lines.tolist()]
    rows = _Rows(lines, named, _pick(labels, usable), values[usable])
    return rows, np.concatenate([chosen[left], parsed[~usable]])


def _count(values: NDArray[np.float64], layout: RowLayout) -> Mask:
    """Rows that may be 0, 1, 2, … or 1, 2, 3, …: they number the columns."""
    after = values - np.array(layout.features)
    counts: Mask = (after[:, 0] == 0) | (after[:, 0] == 1)
    if counts.any():
        counts &= (after == after[:, :1]).all(axis=1)
    return counts


def _none(layout: RowLayout) -> _Rows:
    return _Rows(np.empty(0, np.int64), [], [], np.empty((0, len(layout.features))))


def _select(piece: _Piece, fast: Mask, layout: RowLayout) -> tuple[bytes, Positions]:
    """The content of those lines, and where its cells end, (lines, columns)."""
    text = piece.text
    if not fast.all():
        text = text[np.repeat(fast, np.diff(piece.ends, prepend=-1))]
    ends = np.flatnonzero((text == _NEWLINE) | (text == ord(layout.delimiter)))
    return text.tobytes(), ends.reshape(-1, len(layout.columns))


def _values(content: bytes, layout: RowLayout) -> NDArray[np.float64] | None:
    """The features of lines that all have the layout's columns, or None if not all are numbers."""
    if not content:
        return np.empty((0, len(layout.features)))
    if layout.notation.decimal == ",":
        content = content.translate(_POINTS)
    try:
        return np.loadtxt(
            io.StringIO(content.decode("latin-1")),  # a character a byte: texts are not read here
            delimiter=layout.delimiter,
            usecols=layout.features,
            comments=None,
            ndmin=2,
        )
    except ValueError:
        return None


def _look_like_numbers(content: bytes, bounds: Positions, layout: RowLayout) -> Mask:
    """Lines whose features are not empty and of bytes that numbers are written with."""
    strange = ~_NUMERIC[layout.notation.decimal][np.frombuffer(content, np.uint8)]
    before = np.cumsum(strange, dtype=np.int32) - strange  # up to and without a byte
    starts = _starts(bounds)[:, layout.features]
    ends = bounds[:, layout.features]
    plain: Mask = ((before[ends] == before[starts]) & (ends > starts)).all(axis=1)
    return plain


def _starts(bounds: Positions) -> Positions:
    return np.concatenate([[0], bounds.ravel()[:-1] + 1]).reshape(bounds.shape)


def _texts(content: bytes, bounds: Positions, column: int | None) -> list[str]:
    """The stripped cells of a column; none if there is no such column."""
    if column is None or not len(bounds):
        return []
    starts, ends = _starts(bounds)[:, column].tolist(), bounds[:, column].tolist()
    if not content.isascii():
        return [content[a:b].decode().strip() for a, b in zip(starts, ends, strict=True)]
    text = content.decode("ascii")
    return [text[a:b].strip() for a, b in zip(starts, ends, strict=True)]


def _pick(cells: list[str], usable: Mask) -> list[str]:
    return cells if usable.all() or not cells else list(itertools.compress(cells, usable.tolist()))


def _merged(rows: _Rows, read: list[Row], bad: list[BadRow], layout: RowLayout) -> Block:
    """Both kinds of rows in the order of their lines."""
    lines, values, ids, labels = rows.lines, rows.values, rows.ids, rows.labels
    if read:
        lines = np.concatenate([lines, [row.line for row in read]])
        values = np.concatenate([values, [row.values for row in read]])
        order = np.argsort(lines)
        lines, values = lines[order], values[order]
        ids = ids + [row.id for row in read]
        ids = [ids[at] for at in order.tolist()]
        if layout.label is not None:
            labels = labels + [row.label for row in read]
            labels = [labels[at] for at in order.tolist()]
    return Block(lines, ids, None if layout.label is None else labels, values, bad)
