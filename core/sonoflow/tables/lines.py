"""Delimited text in pieces that hold whole lines, however the bytes arrive, with fewer quotes."""

from __future__ import annotations

import codecs
import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

# What is parsed at once: large enough for vectorised work, small enough for a small function.
PIECE_BYTES = 2 * 1024 * 1024
LINE_BYTES_LIMIT = 1024 * 1024
# Of a row that a quote holds together over several lines: what is longer was never closed.
RECORD_LINES_LIMIT, RECORD_BYTES_LIMIT = 100, 64 * 1024
_QUOTE, _NEWLINE = ord('"'), ord("\n")


@dataclasses.dataclass(frozen=True)
class Lines:
    """Consecutive lines. Each ends in one line feed, the last one of a file too."""

    first: int  # the physical number, from 1, of the first of them
    data: bytes
    # First and last line, from 0, of rows in which a quote is closed some lines below its opening.
    records: tuple[tuple[int, int], ...] = ()


def read_lines(chunks: Iterable[bytes], piece_bytes: int = PIECE_BYTES) -> Iterator[Lines]:
    """The lines of a file that arrives in chunks of any size.

    Byte-order marks are dropped, that of each line too, CRLF becomes LF. Of a line over
    LINE_BYTES_LIMIT one byte more than that is sure to be kept, and not much more, so that it is
    seen to be too long.
    """
    number, rest = 1, b""
    for piece in _pieces(_without_mark(chunks), piece_bytes):
        head, newline, tail = (rest + piece).rpartition(b"\n")
        rest = tail[: LINE_BYTES_LIMIT + 1]
        if newline:
            data = _tidied(head + newline)
            records, whole = _records(data)
            if whole < len(data):  # the end of the last row is still to come
                data, rest = data[:whole], data[whole:] + rest
            if data:
                yield Lines(number, data, records)
            number += data.count(b"\n")
    if rest:
        data = _tidied(rest if rest.endswith(b"\n") else rest.removesuffix(b"\r") + b"\n")
        yield Lines(number, data, _records(data)[0])


def _tidied(data: bytes) -> bytes:
    """Whole lines, their byte-order marks and the CR at their ends gone."""
    while b"\r\n" in data:  # CR CR LF is what a file that was converted twice has
        data = data.replace(b"\r\n", b"\n")
    if codecs.BOM_UTF8[:1] not in data:  # which is quick to see
        return data
    return data.replace(b"\n" + codecs.BOM_UTF8, b"\n").removeprefix(codecs.BOM_UTF8)


def _records(data: bytes) -> tuple[tuple[tuple[int, int], ...], int]:
    """The rows of several lines, and how many bytes there are up to one that has no end yet.

    A quote is open at the end of a line that has an odd number of them, and is closed in the next
    line that has.
    """
    if b'"' not in data:
        return (), len(data)
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == _NEWLINE)
    starts = np.concatenate([[0], ends[:-1] + 1])
    quotes = np.searchsorted(np.flatnonzero(text == _QUOTE), ends)
    odd = np.flatnonzero(np.diff(quotes, prepend=0) % 2).tolist()
    records: list[tuple[int, int]] = []
    at = 0
    while at < len(odd):
        line, at = odd[at], at + 1
        start = int(starts[line])
        opening = data[start : ends[line]]
        if len(opening) > RECORD_BYTES_LIMIT or not is_open(opening.decode("latin-1")):
            continue
        last = odd[at] if at < len(odd) else len(ends)  # the next line, which is not here
        end = int(ends[last]) if at < len(odd) else len(data)
        if last - line > RECORD_LINES_LIMIT or end - start > RECORD_BYTES_LIMIT:
            continue
        if at == len(odd):
            return tuple(records), start
        records.append((line, last))
        at += 1
    return tuple(records), len(data)


def is_open(line: str) -> bool:
    """Whether a quote at the beginning of a cell is not closed, whatever parts the cells."""
    inside, before = False, ","
    for character in line:
        if character == '"':
            inside = not inside if inside or before in ',;\t|"' else inside
        if character != " ":
            before = character
    return inside


def _without_mark(chunks: Iterable[bytes]) -> Iterator[bytes]:
    head: bytes | None = b""
    for chunk in chunks:
        if head is None:
            yield chunk
            continue
        head += chunk
        if len(head) >= len(codecs.BOM_UTF8):
            yield head.removeprefix(codecs.BOM_UTF8)
            head = None
    if head:
        yield head


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`, the last one shorter."""
    waiting: list[bytes] = []
    held = 0
    for chunk in chunks:
        waiting.append(chunk)
        held += len(chunk)
        if held >= size:
            joined = b"".join(waiting)
            whole = held - held % size
            for start in range(0, whole, size):
                yield joined[start : start + size]
            waiting, held = [joined[whole:]], held - whole
    if held:
        yield b"".join(waiting)


def without_quotes(data: bytes, delimiter: str) -> bytes:
    """Whole lines, without quotes in lines that mean the same without them.

    That is so where each quote opens or closes a cell and no cell holds a delimiter or a quote.
    Other lines stay as they are: a quote in what this gives needs a closer look.
    """
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == _NEWLINE)
    quotes = np.flatnonzero(text == _QUOTE)
    separators = np.flatnonzero((text == ord(delimiter)) | (text == _NEWLINE))
    line_of = np.searchsorted(ends, quotes)
    # Quotes of earlier lines do not count: an unclosed one spoils its own line only.
    before = np.searchsorted(quotes, np.concatenate([[0], ends[:-1] + 1]))
    closing = (np.arange(len(quotes)) - before[line_of]) % 2 == 1
    neighbour = np.where(closing, quotes + 1, quotes - 1)
    edge = np.isin(text[neighbour], (ord(delimiter), _NEWLINE)) | (neighbour < 0)
    awkward = np.zeros(len(ends), dtype=bool)
    awkward[line_of[~edge]] = True
    lines = np.searchsorted(ends, separators)
    inside = (np.searchsorted(quotes, separators) - before[lines]) % 2 == 1
    awkward[lines[inside]] = True  # a line feed inside: the quote is never closed
    kept = np.ones(len(text), dtype=bool)
    kept[quotes[~awkward[line_of]]] = False
    plain: NDArray[np.uint8] = text[kept]
    return plain.tobytes()
