"""A DICOM file: its preamble, its transfer syntax, and the few elements of it that are looked at.

Whatever is not named in `KEPT` is passed over by its length and never read: names, dates and
identifiers of patients stay where they are.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import Final

from sonoflow.dicom import elements
from sonoflow.dicom.elements import Element, Encoding, Walk
from sonoflow.errors import ImageRejected

MARK_AT, MARK = 128, b"DICM"
INFLATED_BYTES_LIMIT = 64 * 1024 * 1024
_SYNTAX, _MEDIA_CLASS = 0x00020010, 0x00020002
PIXELS = 0x7FE00010

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"
JPEG_BASELINE, JPEG_EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS, JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"
JPEG_LS, JPEG_LS_NEAR = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS, JPEG_2000 = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"
NATIVE = frozenset({EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN})
SYNTAXES: Final = {
    IMPLICIT: "Implicit VR Little Endian",
    EXPLICIT: "Explicit VR Little Endian",
    DEFLATED: "Deflated Explicit VR Little Endian",
    BIG_ENDIAN: "Explicit VR Big Endian",
    RLE: "RLE Lossless",
    JPEG_BASELINE: "JPEG Baseline",
    JPEG_EXTENDED: "JPEG Extended",
    JPEG_LOSSLESS: "JPEG Lossless",
    JPEG_LOSSLESS_SV1: "JPEG Lossless, first-order prediction",
    JPEG_LS: "JPEG-LS Lossless",
    JPEG_LS_NEAR: "JPEG-LS Near-Lossless",
    JPEG_2000_LOSSLESS: "JPEG 2000 Lossless",
    JPEG_2000: "JPEG 2000",
}
# Elements that say what the pixels are, and nothing of whose they are.
KEPT = frozenset(
    {
        *(0x00080016, 0x00080060),  # SOP Class UID, Modality
        *(0x00180015, 0x00186011),  # Body Part Examined, Sequence of Ultrasound Regions
        *(0x00280002, 0x00280004, 0x00280006, 0x00280008),  # samples, photometry, planes, frames
        *(0x00280010, 0x00280011),  # rows, columns
        *(0x00280100, 0x00280101, 0x00280102, 0x00280103),  # bits allocated, stored, high; sign
        *(0x00280301,),  # Burned In Annotation
        *(0x00281050, 0x00281051, 0x00281056),  # window centre, width, function
        *(0x00281052, 0x00281053),  # rescale intercept, slope
        *(0x00281101, 0x00281102, 0x00281103),  # palette descriptors
        *(0x00281201, 0x00281202, 0x00281203),  # palette data
        *(0x00281221, 0x00281222, 0x00281223),  # segmented palette data
        *(0x00283000, 0x00283010),  # Modality LUT, VOI LUT
        PIXELS,
    }
)


@dataclasses.dataclass(frozen=True)
class File:
    walk: Walk  # over the data set, inflated if it was deflated
    syntax: str  # UID of one of SYNTAXES
    media_class: str  # SOP class by the file's own header; may be empty
    found: dict[int, Element]  # by tag, of KEPT


def is_dicom(data: bytes) -> bool:
    return data[MARK_AT : MARK_AT + len(MARK)] == MARK


def read(data: bytes, kept: frozenset[int] = KEPT) -> File:
    """Raises ImageRejected: empty, not-an-image, truncated, dicom-damaged, too-large,
    unsupported-syntax."""
    if not data:
        raise ImageRejected("empty", "the file holds no bytes")
    if not is_dicom(data):
        detail = "the bytes are no DICOM file: 'DICM' does not stand at byte 128"
        raise ImageRejected("not-an-image", detail)
    header, at = _header(data)
    syntax = header.get(_SYNTAX, "")
    if syntax not in SYNTAXES:
        raise ImageRejected("unsupported-syntax", _unsupported(syntax))
    body, at = (_inflated(data[at:]), 0) if syntax == DEFLATED else (data, at)
    encoding = Encoding(syntax != IMPLICIT, syntax == BIG_ENDIAN)
    walk, found = Walk(memoryview(body)), {}
    for element in walk.elements(at, len(body), encoding):
        if element.tag not in kept:
            continue
        if element.tag in found:
            raise elements.damaged(f"{elements.name(element.tag)} is there twice")
        found[element.tag] = element
        if element.tag == PIXELS:
            break  # what follows is padding or signatures
    return File(walk, syntax, header.get(_MEDIA_CLASS, ""), found)


def _header(data: bytes) -> tuple[dict[int, str], int]:
    """Values of the file's own header, and where it ends. Its stated length is not asked."""
    at, values = MARK_AT + len(MARK), {}
    walk = Walk(memoryview(data))
    for element in walk.elements(at, len(data), Encoding(), stop=0x00030000):
        if element.tag >> 16 != 2:
            raise elements.damaged(f"{elements.name(element.tag)} stands before the header")
        if element.tag in (_SYNTAX, _MEDIA_CLASS):
            value = bytes(walk.view[element.start : min(element.end, element.start + 64)])
            values[element.tag] = value.decode("latin-1").strip("\0 ")
        at = element.end
    return values, at


def _unsupported(syntax: str) -> str:
    what = "its transfer syntax is missing"
    if syntax:
        what = "its transfer syntax is none that is read: MPEG, HTJ2K or a private one perhaps"
    return f"{what}; what is read is {', '.join(SYNTAXES.values())}"


def _inflated(packed: bytes) -> bytes:
    """What zlib's algorithm makes of it without zlib's header. Never more than the limit."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        whole = stream.decompress(packed, INFLATED_BYTES_LIMIT)
        # A byte more tells a bomb from what ends just here.
        if not stream.eof and stream.decompress(stream.unconsumed_tail, 1):
            detail = f"inflated, the data set has more than {INFLATED_BYTES_LIMIT} bytes"
            raise ImageRejected("too-large", detail)
    except zlib.error as error:
        raise elements.cut_off(f"the deflated data set cannot be read: {error}") from error
    if not stream.eof:
        raise elements.cut_off("the deflated data set has no end")
    return whole
