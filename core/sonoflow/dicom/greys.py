"""From stored samples to what is looked at: 8 bits of grey, or of red, green and blue.

One rule for the inbox and for training: the modality's transformation, then the first window, or
the first VOI LUT where there is no window, then MONOCHROME1 is turned round. Formulas: PS3.3
C.11.1 and C.11.2, https://dicom.nema.org/medical/dicom/current/output/chtml/part03/sect_C.11.2.html
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.dicom import elements
from sonoflow.dicom.attributes import PALETTE, Grid
from sonoflow.dicom.frames import Frame
from sonoflow.dicom.values import Values
from sonoflow.errors import ImageRejected

Numbers = npt.NDArray[np.float64]
Picture = npt.NDArray[Any]  # (rows, columns) of uint8 or uint16, or (rows, columns, 3) of uint8

WINDOW_IGNORED = "window-ignored"
_LUT_BYTES_LIMIT = 2 * 65536
_STRIP_ROWS = 256
_DESCRIPTOR, _DATA = 0x00283002, 0x00283006


@dataclasses.dataclass(frozen=True, eq=False)
class Look:
    """What becomes of each code that a pixel can hold."""

    table: npt.NDArray[Any]  # (codes,) of uint8 or uint16, or (codes, 3) of uint8; empty: RGB
    flags: tuple[str, ...] = ()


def look(values: Values, grid: Grid) -> Look:
    """Raises ImageRejected."""
    if grid.samples == 3:
        return Look(np.empty(0, dtype=np.uint8))
    if grid.photometric == PALETTE:
        return Look(_palette(values, grid))
    codes = np.arange(1 << grid.stored, dtype=np.int64)
    if grid.signed:
        codes = np.where(codes >= 1 << (grid.stored - 1), codes - (1 << grid.stored), codes)
    numbers, lowest, highest = _modality(values, codes)
    windowed, flags = _windowed(values, numbers)
    if windowed is None:
        # As whole numbers, so that 12 bits give the same grey here as they do in a TIFF.
        table = _narrowed(numbers, lowest, highest)
    else:
        table = np.rint(windowed * 255).astype(np.uint8)
    if grid.photometric == "MONOCHROME1":
        table = np.iinfo(table.dtype).max - table
    return Look(table, flags)


def picture(frame: Frame, grid: Grid, what: Look) -> Picture:
    """Raises ImageRejected where a colour is none."""
    samples = frame.samples
    if frame.codes:
        samples = _codes(samples, grid)
    if grid.samples == 1:
        found: Picture = what.table[samples]
        return found
    if samples.dtype == np.uint16 or grid.stored < 8:
        samples = (samples.astype(np.uint32) * 255 // ((1 << grid.stored) - 1)).astype(np.uint8)
    return samples if frame.photometric == "RGB" else _rgb(samples)


def _codes(samples: npt.NDArray[Any], grid: Grid) -> npt.NDArray[Any]:
    """The bits that count."""
    if grid.allocated == 16:
        samples = samples.astype(np.uint16, copy=False)
    shift = grid.high + 1 - grid.stored
    if shift == 0 and grid.stored == grid.allocated:
        return samples
    mask = samples.dtype.type((1 << grid.stored) - 1)
    found: npt.NDArray[Any] = samples >> samples.dtype.type(shift) & mask
    return found


def _rgb(samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Of YBR_FULL, as JFIF has it too; in strips, for Pillow copies what it converts."""
    found = np.empty_like(samples)
    for top in range(0, len(samples), _STRIP_ROWS):
        strip = np.ascontiguousarray(samples[top : top + _STRIP_ROWS])
        size = (strip.shape[1], strip.shape[0])
        converted = Image.frombytes("YCbCr", size, strip.tobytes()).convert("RGB")
        found[top : top + _STRIP_ROWS] = np.asarray(converted)
    return found


def _modality(values: Values, codes: npt.NDArray[np.int64]) -> tuple[Numbers, float, float]:
    """What the codes mean, and between what such numbers can lie."""
    luts = values.items(0x00283000, frozenset({_DESCRIPTOR, _DATA}))
    if luts:
        table, first, bits = _lut(luts[0])
        found = table[np.clip(codes - first, 0, len(table) - 1)].astype(np.float64)
        return found, 0.0, float((1 << bits) - 1)
    intercept, slope = values.written(0x00281052), values.written(0x00281053)
    times, plus = (slope or (1.0,))[0], (intercept or (0.0,))[0]
    if times == 0:
        raise elements.damaged("its rescale slope is 0")
    scaled: Numbers = codes.astype(np.float64) * times + plus
    return scaled, float(scaled.min()), float(scaled.max())


def _windowed(values: Values, numbers: Numbers) -> tuple[Numbers | None, tuple[str, ...]]:
    """0 to 1 by the first window, or else the first VOI LUT; and flags."""
    centre, width = values.written(0x00281050)[:1], values.written(0x00281051)[:1]
    flags: tuple[str, ...] = ()
    if centre and width:
        found = _window(numbers, centre[0], width[0], values.code(0x00281056) or "LINEAR")
        if found is not None:
            return found, ()
        flags = (WINDOW_IGNORED,)
    luts = values.items(0x00283010, frozenset({_DESCRIPTOR, _DATA}))
    if not luts:
        return None, flags
    table, first, bits = _lut(luts[0])
    places = np.clip(np.rint(numbers - first), 0, len(table) - 1).astype(np.int64)
    return np.minimum(table[places] / ((1 << bits) - 1), 1.0), flags


def _window(numbers: Numbers, centre: float, width: float, function: str) -> Numbers | None:
    """None where there is no such window."""
    if function == "LINEAR" and width >= 1:
        if width == 1:
            return (numbers > centre - 0.5).astype(np.float64)
        return np.clip((numbers - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)
    if function == "LINEAR_EXACT" and width > 0:
        return np.clip((numbers - centre) / width + 0.5, 0, 1)
    if function == "SIGMOID" and width > 0:
        power = np.clip(-4 * (numbers - centre) / width, -700, 700)
        return 1 / (1 + np.exp(power))
    return None


def _narrowed(numbers: Numbers, lowest: float, highest: float) -> npt.NDArray[Any]:
    """All that the codes can mean, from black to white. Of 16 bits it stays open how many are
    used: these are left as they are."""
    bits = (len(numbers) - 1).bit_length()
    share = (numbers - lowest) / (highest - lowest) if highest > lowest else numbers * 0
    whole = np.rint(share * ((1 << bits) - 1)).astype(np.uint32)
    if bits == 16:
        return whole.astype(np.uint16)
    if bits >= 8:
        return (whole >> np.uint32(bits - 8)).astype(np.uint8)
    return (whole * 255 // ((1 << bits) - 1)).astype(np.uint8)


def _lut(item: Values) -> tuple[npt.NDArray[np.uint16], int, int]:
    """A table of one item, the first number that it is for, and its bits."""
    descriptor = item.numbers(_DESCRIPTOR, "US")
    return _table(item, descriptor, _DATA)


def _table(
    values: Values, descriptor: tuple[int, ...], tag: int
) -> tuple[npt.NDArray[np.uint16], int, int]:
    if len(descriptor) != 3:
        raise elements.damaged("a look-up table's descriptor is not of three numbers")
    count, first, bits = descriptor[0] & 0xFFFF or 65536, descriptor[1], descriptor[2]
    if not 8 <= bits <= 16:
        raise elements.damaged(f"a look-up table has entries of {bits} bits")
    data, element = values.content(tag, _LUT_BYTES_LIMIT), values.element(tag)
    order = element.encoding.order if element else "<"
    if len(data) >= 2 * count:
        return np.frombuffer(data, f"{order}u2", count).astype(np.uint16), first, bits
    if len(data) < count or bits != 8:
        raise elements.damaged(f"a look-up table has {len(data)} bytes for {count} entries")
    return np.frombuffer(data, np.uint8, count).astype(np.uint16), first, bits


def _palette(values: Values, grid: Grid) -> npt.NDArray[np.uint8]:
    if 0x00281221 in values:
        raise ImageRejected("unsupported-mode", "palettes in segments are not read")
    codes, columns = np.arange(1 << grid.stored, dtype=np.int64), []
    for number in (1, 2, 3):
        descriptor = values.numbers(0x00281100 + number, "US")
        table, first, bits = _table(values, descriptor, 0x00281200 + number)
        if bits == 16 and table.max(initial=0) < 256:
            bits = 8  # eight bits, as some write them in sixteen
        entries = table[np.clip(codes - first, 0, len(table) - 1)]
        columns.append(entries >> np.uint16(bits - 8))
    return np.stack(columns, axis=1).astype(np.uint8)
