"""Delimited text in pieces that hold whole lines, however the bytes arrive."""

from __future__ import annotations

import codecs
import dataclasses
from collections.abc import Iterable, Iterator

# What is parsed at once: large enough for vectorised work, small enough for a small function.
PIECE_BYTES = 2 * 1024 * 1024
LINE_BYTES_LIMIT = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Lines:
    """Consecutive lines. Each ends in one line feed, the last one of a file too."""

    first: int  # the physical number, from 1, of the first of them
    data: bytes


def cut(chunks: Iterable[bytes], piece_bytes: int = PIECE_BYTES) -> Iterator[Lines]:
    """The lines of a file that arrives in chunks of any size.

    A byte-order mark is dropped, CRLF becomes LF. Of a line over LINE_BYTES_LIMIT one byte more
    than that is sure to be kept, and not much more, so that it is seen to be too long.
    """
    number, rest = 1, b""
    for piece in _pieces(_without_mark(chunks), piece_bytes):
        head, newline, tail = (rest + piece).rpartition(b"\n")
        rest = tail[: LINE_BYTES_LIMIT + 1]
        if newline:
            lines = Lines(number, (head + newline).replace(b"\r\n", b"\n"))
            number += lines.data.count(b"\n")
            yield lines
    if rest:
        yield Lines(number, rest.removesuffix(b"\r") + b"\n")


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
