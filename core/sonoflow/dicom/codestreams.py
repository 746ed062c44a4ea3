"""What a compressed frame says of itself, before a decoder allocates what it asks for.

Formats: markers of JPEG, ITU-T T.81 annex B, and of JPEG-LS, T.87 annex C, which share theirs; of
JPEG 2000, T.800 annex A.
"""

from __future__ import annotations

import dataclasses
import struct

from sonoflow.dicom import elements

# Start of frame, by the byte behind 0xFF.
BASELINE, EXTENDED, LOSSLESS, NEAR_LOSSLESS = 0xC0, 0xC1, 0xC3, 0xF7
_FRAMES = frozenset({*range(0xC0, 0xD0), NEAR_LOSSLESS}) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_SCAN, _END = 0xDA, 0xD9
_MARKERS_LIMIT = 1000
_TILES_LIMIT = 4096
_SIZ, _COD = 0xFF51, 0xFF52


@dataclasses.dataclass(frozen=True)
class Heading:
    kind: int  # of JPEG and JPEG-LS: the marker of its frame; of JPEG 2000: 0
    columns: int
    rows: int
    components: int
    precision: int  # bits of a sample
    signed: bool = False
    mixed: bool = False  # of JPEG 2000: its components are transformed, and come back as RGB


def jpeg(data: bytes) -> Heading:
    """Of JPEG and JPEG-LS. Raises ImageRejected."""
    if data[:2] != b"\xff\xd8":
        raise elements.damaged("a frame is no JPEG codestream")
    at = 2
    for _ in range(_MARKERS_LIMIT):
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if len(data) - at < 4:
            raise elements.cut_off("a frame ends within its header")
        if data[at] != 0xFF:
            raise elements.damaged("a frame's header holds no marker where one must be")
        marker = data[at + 1]
        if marker in _BARE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _FRAMES:
            if len(data) - at < 10:
                raise elements.cut_off("a frame ends within its header")
            precision, rows, columns, components = struct.unpack_from(">BHHB", data, at + 4)
            return Heading(marker, columns, rows, components, precision)
        if marker in (_SCAN, _END) or length < 2:
            break
        at += 2 + length
    raise elements.damaged("a frame's header does not say how large it is")


def jpeg_2000(data: bytes) -> Heading:
    """Raises ImageRejected."""
    if data[:2] != b"\xff\x4f":
        raise elements.damaged("a frame is no JPEG 2000 codestream")
    heading, mixed, at = None, None, 2
    for _ in range(_MARKERS_LIMIT):
        if len(data) - at < 4:
            raise elements.cut_off("a frame ends within its header")
        marker, length = struct.unpack_from(">HH", data, at)
        if length < 2 or at + 2 + length > len(data):
            raise elements.cut_off("a frame ends within its header")
        if marker == _SIZ:
            heading = _size(data[at + 4 : at + 2 + length])
        elif marker == _COD and length >= 8:
            mixed = data[at + 8] == 1
        if heading is not None and mixed is not None:
            return dataclasses.replace(heading, mixed=mixed)
        at += 2 + length
    raise elements.damaged("a frame's header does not say how large it is")


def _size(body: bytes) -> Heading:
    if len(body) < 39:
        raise elements.cut_off("a frame ends within its header")
    right, bottom, left, top, width, height, at_x, at_y, components = struct.unpack_from(
        ">8LH", body, 2
    )
    if len(body) < 36 + 3 * components or not components:
        raise elements.damaged("a frame's header is too short for its components")
    if not (width and height and right > left and bottom > top):
        raise elements.damaged("a frame's header describes no pixels")
    tiles = -(-(right - at_x) // width) * -(-(bottom - at_y) // height)
    if not 0 < tiles <= _TILES_LIMIT:
        raise elements.damaged(f"a frame has {tiles} tiles, {_TILES_LIMIT} are read at most")
    parts = [tuple(body[36 + 3 * i : 39 + 3 * i]) for i in range(components)]
    if len(set(parts)) != 1 or parts[0][1:] != (1, 1):
        raise elements.damaged("a frame's components differ in size or depth")
    depth = parts[0][0]
    signed, precision = bool(depth & 0x80), (depth & 0x7F) + 1
    return Heading(0, right - left, bottom - top, components, precision, signed)
