"""Where in a picture ultrasound is shown, and how large its pixels are in the body.

Source: Sequence of Ultrasound Regions, PS3.3 C.8.5.5,
https://dicom.nema.org/medical/dicom/current/output/chtml/part03/sect_C.8.5.5.html
"""

from __future__ import annotations

import dataclasses

from sonoflow.dicom.values import Values

REGIONS = 0x00186011
_FORMAT, _KIND = 0x00186012, 0x00186014
_BOX = (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)  # left, top, right, bottom; inclusive
_UNITS = (0x00186024, 0x00186026)
_DELTAS = (0x0018602C, 0x0018602E)
_TAGS = frozenset({_FORMAT, _KIND, *_BOX, *_UNITS, *_DELTAS})
_TWO_DIMENSIONAL, _CENTIMETRES = 1, 3
_TISSUE, _COLOUR_FLOW = 1, 2
_MILLIMETRES_LIMIT = 10.0  # of one pixel: no scanner shows a breast with fewer of them

Box = tuple[int, int, int, int]  # left, top, right, bottom; the last two exclusive


@dataclasses.dataclass(frozen=True)
class Region:
    box: Box
    millimetres: tuple[float, float] | None  # of a pixel, across and down; None: not calibrated


def regions(values: Values, width: int, height: int) -> tuple[Region, ...]:
    """Those that lie in the picture. Raises ImageRejected where the sequence is malformed."""
    found = (_region(item, width, height) for item in values.items(REGIONS, _TAGS))
    return tuple(region for region in found if region is not None)


def _region(item: Values, width: int, height: int) -> Region | None:
    edges = [item.number(tag, "UL") for tag in _BOX]
    left, top, right, bottom = (-1 if edge is None else edge for edge in edges)
    if not (0 <= left < right < width and 0 <= top < bottom < height):
        return None
    return Region((left, top, right + 1, bottom + 1), _millimetres(item))


def _millimetres(item: Values) -> tuple[float, float] | None:
    if item.number(_FORMAT, "US") != _TWO_DIMENSIONAL:
        return None
    if item.number(_KIND, "US") not in (_TISSUE, _COLOUR_FLOW):
        return None
    if any(item.number(tag, "US") != _CENTIMETRES for tag in _UNITS):
        return None
    across, down = (item.decimal(tag) for tag in _DELTAS)
    if across is None or down is None:
        return None
    # Negative ones say that an axis counts the other way.
    spacing = abs(across) * 10, abs(down) * 10
    return spacing if all(0 < size <= _MILLIMETRES_LIMIT for size in spacing) else None


def spacing(found: tuple[Region, ...], box: Box) -> tuple[tuple[float, float] | None, str]:
    """Millimetres of a pixel, across and down, of what lies in a box; or None, and why."""
    if not found:
        return None, "no-region"
    holding = [region for region in found if _holds(region.box, box)]
    if not holding:
        return None, "outside-of-regions"
    sizes = {region.millimetres for region in holding}
    if None in sizes:
        return None, "region-not-calibrated"
    if len(sizes) > 1:
        return None, "regions-disagree"
    return sizes.pop(), ""


def _holds(outer: Box, inner: Box) -> bool:
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and inner[2] <= outer[2]
        and inner[3] <= outer[3]
    )
