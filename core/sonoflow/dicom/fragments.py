"""The pieces that compressed frames are stored in, and which of them make up which frame.

Format: PS3.5 A.4, https://dicom.nema.org/medical/dicom/current/output/chtml/part05/sect_A.4.html
"""

from __future__ import annotations

import struct

from sonoflow.dicom import elements
from sonoflow.dicom.elements import ITEM, SEQUENCE_END, Element

FRAGMENTS_LIMIT = 200_000

Span = tuple[int, int]  # where a piece begins and ends


def frames(view: memoryview, pixels: Element, count: int) -> list[list[Span]]:
    """The pieces of each frame. Raises ImageRejected."""
    pieces = _pieces(view, pixels)
    if not pieces:
        raise elements.damaged("the pixels have no offset table")
    table, *rest = pieces
    if not rest:
        raise elements.cut_off("not one frame is there")
    if count == 1:
        return [rest]
    if len(rest) == count:
        return [[piece] for piece in rest]
    if len(rest) < count:
        raise elements.cut_off(f"{count} frames are announced, {len(rest)} pieces are there")
    return _by_table(view, table, rest, count)


def _pieces(view: memoryview, pixels: Element) -> list[Span]:
    """The offset table, and what follows it."""
    at = pixels.start
    found: list[Span] = []
    while True:
        if pixels.end - at < 8:
            raise elements.cut_off("the pixels have no end")
        group, number, length = struct.unpack_from("<HHL", view, at)
        tag, start = group << 16 | number, at + 8
        if tag == SEQUENCE_END:
            return found
        if tag != ITEM:
            raise elements.damaged(f"{elements.name(tag)} stands where a piece of a frame must be")
        if length > pixels.end - start:
            raise elements.cut_off(f"a frame's piece says {length} bytes, fewer are left")
        if len(found) > FRAGMENTS_LIMIT:
            raise elements.damaged(f"the pixels are in more than {FRAGMENTS_LIMIT} pieces")
        found.append((start, start + length))
        at = start + length


def _by_table(view: memoryview, table: Span, rest: list[Span], count: int) -> list[list[Span]]:
    """By the frames' first pieces, which the offset table names."""
    size = table[1] - table[0]
    if size != 4 * count:
        detail = f"{len(rest)} pieces make {count} frames, and no table says which make which"
        raise elements.damaged(detail)
    first = rest[0][0] - 8  # offsets count from the first piece's own header
    offsets = struct.unpack_from(f"<{count}L", view, table[0])
    places = {start - 8 - first: number for number, (start, _) in enumerate(rest)}
    if offsets[0] != 0 or any(offset not in places for offset in offsets):
        raise elements.damaged("the offset table names what is no piece of the pixels")
    begins = [places[offset] for offset in offsets]
    ends = [*begins[1:], len(rest)]
    if any(begin >= end for begin, end in zip(begins, ends, strict=True)):
        raise elements.damaged("the offset table's frames are not in order")
    return [rest[begin:end] for begin, end in zip(begins, ends, strict=True)]
