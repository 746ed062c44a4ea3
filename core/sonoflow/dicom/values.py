"""Values of DICOM elements: numbers, codes, and the few that are needed in sequences."""

from __future__ import annotations

import math
import struct

from sonoflow.dicom import elements
from sonoflow.dicom.elements import Element, Walk

_TEXT_BYTES_LIMIT = 1024
_ITEMS_LIMIT = 64
# What numbers are stored as, by the value representation that the standard gives their tag.
_FORMATS = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FD": "d"}
_TEXTS = ("CS", "UI", "IS", "DS")


class Values:
    """Those of one data set or item, each read when it is asked for."""

    def __init__(self, walk: Walk, found: dict[int, Element]) -> None:
        self._walk, self._found = walk, found

    def __contains__(self, tag: int) -> bool:
        """Whether there is a value; an empty one is none."""
        element = self._found.get(tag)
        return element is not None and element.end > element.start

    def element(self, tag: int) -> Element | None:
        return self._found.get(tag)

    def numbers(self, tag: int, kind: str) -> tuple[int, ...]:
        """Of US, SS, UL, SL. Raises ImageRejected."""
        return tuple(int(value) for value in self._unpacked(tag, kind))

    def number(self, tag: int, kind: str) -> int | None:
        """The first one."""
        found = self.numbers(tag, kind)
        return found[0] if found else None

    def decimal(self, tag: int) -> float | None:
        """Of FD, if it is finite."""
        found = self._unpacked(tag, "FD")
        return found[0] if found and math.isfinite(found[0]) else None

    def code(self, tag: int) -> str:
        """Of CS or UI: the first one, in capitals."""
        return self._text(tag).split("\\")[0].strip("\0 ").upper()

    def written(self, tag: int) -> tuple[float, ...]:
        """Of IS and DS. Raises ImageRejected where it is no number, or not finite."""
        text = self._text(tag).strip("\0 ")
        if not text:
            return ()
        try:
            found = tuple(float(part.strip("\0 ")) for part in text.split("\\"))
        except ValueError as error:
            raise elements.damaged(f"{elements.name(tag)} holds no number") from error
        if not all(map(math.isfinite, found)):
            raise elements.damaged(f"{elements.name(tag)} holds no finite number")
        return found

    def content(self, tag: int, limit: int) -> bytes:
        """Raises ImageRejected for one of more bytes than the limit."""
        element = self._found.get(tag)
        if element is None:
            return b""
        if element.end - element.start > limit:
            size = element.end - element.start
            raise elements.damaged(f"{elements.name(tag)} has {size} bytes, {limit} at most")
        return bytes(self._walk.view[element.start : element.end])

    def items(self, tag: int, kept: frozenset[int]) -> list[Values]:
        """The first items of a sequence, each with those of its elements that are wanted."""
        element = self._found.get(tag)
        if element is None:
            return []
        if element.representation not in ("", "SQ", "UN"):
            raise elements.damaged(f"{elements.name(tag)} is no sequence")
        found = []
        for start, end, encoding in self._walk.items(element):
            inside = self._walk.elements(start, end, encoding)
            wanted = {one.tag: one for one in inside if one.tag in kept}
            found.append(Values(self._walk, wanted))
            if len(found) == _ITEMS_LIMIT:
                break
        return found

    def _unpacked(self, tag: int, kind: str) -> tuple[float, ...]:
        element = self._found.get(tag)
        if element is None:
            return ()
        data = self.content(tag, _TEXT_BYTES_LIMIT)
        said = element.representation
        if said not in ("", "UN", kind, *({"US", "SS"} if kind in ("US", "SS") else ())):
            raise elements.damaged(f"{elements.name(tag)} is of {said}, not of {kind}")
        sign = _FORMATS[said if said in ("US", "SS") else kind]
        size = struct.calcsize(f"<{sign}")
        if len(data) % size:
            raise elements.damaged(
                f"{elements.name(tag)} has {len(data)} bytes, not of {size} each"
            )
        return struct.unpack(f"{element.encoding.order}{len(data) // size}{sign}", data)

    def _text(self, tag: int) -> str:
        element = self._found.get(tag)
        if element is not None and element.representation not in ("", "UN", *_TEXTS):
            raise elements.damaged(f"{elements.name(tag)} is of {element.representation}, no text")
        return self.content(tag, _TEXT_BYTES_LIMIT).decode("latin-1")
