"""A file's bytes as UTF-8 lines that end in LF, however a program saved them, while they arrive.

A byte-order mark tells UTF-16 and UTF-32; without one, zeros at every other byte do. A file that
has CR and no LF at its beginning has lines that end in CR alone, as spreadsheets on a Mac write.
What is neither passes unaltered: UTF-8, or Latin-1, which is told line by line.
"""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterable, Iterator

HEAD_BYTES = 64 * 1024  # what an encoding is known by
# The longer marks first: one begins as another.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding(head: bytes) -> str | None:
    """The wide encoding that the beginning of a file is in, or None."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    zeros = [head[start:HEAD_BYTES:2].count(0) for start in (0, 1)]
    half = len(head[:HEAD_BYTES]) // 2
    if half > 1 and 10 * zeros[1] > 9 * half and not zeros[0]:
        return "utf-16-le"
    if half > 1 and 10 * zeros[0] > 9 * half and not zeros[1]:
        return "utf-16-be"
    return None


def is_plain(head: bytes) -> bool:
    """Whether a file passes unaltered, so that it can be read from anywhere in it."""
    return encoding(head) is None and not _ends_in_cr(head)


def _ends_in_cr(head: bytes) -> bool:
    return b"\r" in head[: HEAD_BYTES - 1].rstrip(b"\r") and b"\n" not in head[:HEAD_BYTES]


def as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text, in chunks of any size. What is no text in its encoding comes as U+FFFD."""
    arriving = iter(chunks)
    taken: list[bytes] = []
    head = b""
    while len(head) < HEAD_BYTES and (chunk := next(arriving, None)) is not None:
        taken.append(chunk)
        head += chunk
    whole = itertools.chain(taken, arriving)
    name = encoding(head)
    text = whole if name is None else _decoded(whole, name)
    start = head if name is None else b"".join(_decoded([head], name))
    return _with_line_feeds(text) if _ends_in_cr(start) else iter(text)


def _decoded(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(name)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _with_line_feeds(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return (chunk.replace(b"\r", b"\n") for chunk in chunks)
