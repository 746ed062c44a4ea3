"""The elements of a DICOM data set, found one by one without believing any length of it.

Format: PS3.5 of the standard, 7.1 (elements) and 7.5 (sequences),
https://dicom.nema.org/medical/dicom/current/output/chtml/part05/chapter_7.html
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator

from sonoflow.errors import ImageRejected

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
ELEMENTS_LIMIT = 100_000  # a frame-by-frame description of a long loop has some thousands
DEPTH_LIMIT = 16  # of sequences in sequences; reports, the deepest, have six or so
# With two bytes that mean nothing, and a length of four.
_LONG = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
_KNOWN = _LONG | frozenset(
    (
        *("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN"),
        *("SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"),
    )
)


@dataclasses.dataclass(frozen=True)
class Encoding:
    explicit: bool = True  # whether elements name their value representation
    big_endian: bool = False

    @property
    def order(self) -> str:
        """As `struct` and NumPy write it."""
        return ">" if self.big_endian else "<"


@dataclasses.dataclass(frozen=True)
class Element:
    tag: int
    representation: str  # empty where the encoding is implicit
    start: int  # of its value
    end: int
    encoding: Encoding  # of its value
    undefined: bool = False  # its end is marked, not counted


class Walk:
    """A way through one data set; counts what it passes, nested elements included."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self._left = ELEMENTS_LIMIT

    def elements(
        self, at: int, end: int, encoding: Encoding, stop: int | None = None
    ) -> Iterator[Element]:
        """Those of the top level, as long as their tags lie below `stop`. Raises ImageRejected."""
        while at < end:
            if stop is not None and self._tag(at, end, encoding) >= stop:
                return
            element = self._header(at, end, encoding)
            if element.tag in (ITEM_END, SEQUENCE_END):
                return
            if element.undefined and not _is_encapsulated(element):
                inside = Encoding(False) if element.representation == "UN" else encoding
                close = self._skip(element.start, end, inside)
                element = dataclasses.replace(element, end=close, encoding=inside)
                yield element
                at = close + 8
                continue
            yield element
            if element.undefined:
                return  # of encapsulated pixels the end is found by whoever reads them
            at = element.end

    def items(self, element: Element) -> Iterator[tuple[int, int, Encoding]]:
        """Where the content of each item of a sequence begins and ends, and how it is written.

        Raises ImageRejected.
        """
        at, end = element.start, element.end
        # What somebody's software did not know was written without value representations.
        encoding = Encoding(False) if element.representation == "UN" else element.encoding
        while at < end:
            item = self._header(at, end, encoding)
            if item.tag == SEQUENCE_END:
                return
            if item.tag != ITEM:
                raise damaged(f"a sequence holds {name(item.tag)} where an item must be")
            close = item.end
            if item.undefined:
                close = self._skip(item.start, end, encoding, item=True)
            yield item.start, close, encoding
            at = close + 8 if item.undefined else close

    def _skip(self, at: int, end: int, encoding: Encoding, item: bool = False) -> int:
        """Where what has no length ends: in front of its delimiter."""
        inside = [(encoding, item)]
        while inside:
            now, in_item = inside[-1]
            element = self._header(at, end, now)
            if element.tag in (ITEM_END, SEQUENCE_END):
                if in_item is not (element.tag == ITEM_END):
                    raise damaged(f"{name(element.tag)} ends what did not begin")
                inside.pop()
                if not inside:
                    return at
                at = element.start
            elif in_item is (element.tag == ITEM):
                raise damaged(f"{name(element.tag)} stands where it cannot")
            elif element.undefined:
                if len(inside) >= 2 * DEPTH_LIMIT:
                    raise damaged(f"sequences lie in sequences more than {DEPTH_LIMIT} deep")
                deeper = Encoding(False) if element.representation == "UN" else now
                inside.append((deeper, element.tag == ITEM))
                at = element.start
            else:
                at = element.end
        raise AssertionError("unreachable")

    def _tag(self, at: int, end: int, encoding: Encoding) -> int:
        if end - at < 8:
            raise cut_off(f"the data set ends within an element's header, at byte {at}")
        group, number = struct.unpack_from(f"{encoding.order}HH", self.view, at)
        return int(group << 16 | number)

    def _header(self, at: int, end: int, encoding: Encoding) -> Element:
        self._left -= 1
        if self._left < 0:
            raise ImageRejected("too-large", f"the data set has over {ELEMENTS_LIMIT} elements")
        tag = self._tag(at, end, encoding)
        representation, start = "", at + 8
        if tag >> 16 == 0xFFFE or not encoding.explicit:
            (length,) = struct.unpack_from(f"{encoding.order}L", self.view, at + 4)
        else:
            representation = bytes(self.view[at + 4 : at + 6]).decode("latin-1")
            if representation not in _KNOWN:
                raise damaged(f"{name(tag)} is of no known value representation")
            (length,) = struct.unpack_from(f"{encoding.order}H", self.view, at + 6)
            if representation in _LONG:
                if end - at < 12:
                    raise cut_off(f"the data set ends within the header of {name(tag)}")
                (length,) = struct.unpack_from(f"{encoding.order}L", self.view, at + 8)
                start = at + 12
        if length == UNDEFINED:
            return Element(tag, representation, start, end, encoding, undefined=True)
        if length > end - start:
            detail = f"{name(tag)} says {length} bytes, {end - start} are left"
            raise cut_off(detail)
        return Element(tag, representation, start, start + length, encoding)


def _is_encapsulated(element: Element) -> bool:
    return element.tag == 0x7FE00010


def name(tag: int) -> str:
    """As the standard writes tags."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def damaged(detail: str) -> ImageRejected:
    return ImageRejected("dicom-damaged", f"the DICOM file is malformed: {detail}")


def cut_off(detail: str) -> ImageRejected:
    return ImageRejected("truncated", f"the DICOM file is damaged or cut off: {detail}")
