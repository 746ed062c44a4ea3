"""What an image looks like in a few bytes: a perceptual hash and a thumbnail.

The thumbnail is the image averaged over 32 × 32 equal cells. The hash is the common pHash of it
(Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010; the variant of
the imagehash library): row by row, from the most significant bit on, whether a coefficient of the
8 × 8 lowest frequencies of the DCT-II, the constant included, lies above their median. Everything
is computed in whole numbers that float64 holds exactly: the same bits on every machine.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sonoflow.errors import PayloadInvalid

Thumb = npt.NDArray[np.uint8]  # (32, 32)

THUMB_SIDE = 32
_FREQUENCIES = 8
_SCALE = 1 << 12  # cosines are rounded to multiples of 1 / 4096


@dataclasses.dataclass(frozen=True, eq=False)
class Fingerprint:
    phash: int  # 64 bit
    thumb: Thumb

    def document(self) -> dict[str, str]:
        """As the parts of a data set carry it: 16 hex digits, and base64 of the 1024 bytes."""
        thumb = base64.b64encode(self.thumb.tobytes()).decode()
        return {"phash": f"{self.phash:016x}", "thumb": thumb}


def parse(document: Mapping[str, Any]) -> Fingerprint:
    """The fingerprint in an entry of a part. Raises PayloadInvalid."""
    try:
        raw = base64.b64decode(document["thumb"], validate=True)
        thumb = np.frombuffer(raw, dtype=np.uint8).reshape(THUMB_SIDE, THUMB_SIDE)
        phash = int(document["phash"], 16)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        name = document.get("source")
        message = f"the entry of {name!r} has no usable fingerprint: {error!r}"
        raise PayloadInvalid(message) from error
    return Fingerprint(phash, thumb)


def fingerprint(pixels: npt.NDArray[np.uint8]) -> Fingerprint:
    """The fingerprint of grey pixels (height, width), of any size from 1 × 1 on."""
    thumb = _thumbnail(pixels)
    return Fingerprint(_perceptual_hash(thumb), thumb)


def _thumbnail(pixels: npt.NDArray[np.uint8]) -> Thumb:
    """The mean of each cell; a pixel on a border counts in both, by the share that lies there."""
    height, width = pixels.shape
    # No sum over a column of a cell is larger: below 2^24, float32 holds it exactly.
    exact = np.float32 if 255 * height < 1 << 24 else np.float64
    columns = np.empty((THUMB_SIDE, width), dtype=exact)
    for band in _bands(height):
        strip = pixels[band.pixels].astype(exact)
        np.matmul(band.weights.astype(exact, copy=False), strip, out=columns[band.cells])
    sums = np.empty((THUMB_SIDE, THUMB_SIDE))
    for band in _bands(width):
        strip = columns[:, band.pixels].astype(np.float64)
        sums[:, band.cells] = strip @ band.weights.T.astype(np.float64)
    area = height * width
    means: Thumb = ((sums.astype(np.int64) + area // 2) // area).astype(np.uint8)
    return means


class _Band(NamedTuple):
    """Two neighbouring cells of one axis. More at once would make the linear algebra library wake
    threads for a single image, and they wait busily for the next."""

    cells: slice
    pixels: slice
    weights: npt.NDArray[np.float32]  # (2, n): how much of each pixel lies in them, in 32nds


@functools.lru_cache(maxsize=256)
def _bands(length: int) -> tuple[_Band, ...]:
    """The bands of an axis of so many pixels. Images of one data set mostly have few sizes."""
    edges = np.arange(THUMB_SIDE + 1) * length
    bands = []
    for cell in range(0, THUMB_SIDE, 2):
        first, last = edges[cell] // THUMB_SIDE, -(-edges[cell + 2] // THUMB_SIDE)
        pixels = np.arange(first, last) * THUMB_SIDE
        left = np.maximum(edges[cell : cell + 2, None], pixels)
        right = np.minimum(edges[cell + 1 : cell + 3, None], pixels + THUMB_SIDE)
        weights = np.maximum(right - left, 0).astype(np.float32)
        bands.append(_Band(slice(cell, cell + 2), slice(int(first), int(last)), weights))
    return tuple(bands)


def _perceptual_hash(thumb: Thumb) -> int:
    cosines = _cosines()
    coefficients = (cosines @ thumb.astype(np.float64) @ cosines.T).ravel()
    # Twice the median: the mean of the middle two need not be a whole number.
    middle = np.sort(coefficients)[31:33].sum()
    return int.from_bytes(np.packbits(2 * coefficients > middle).tobytes(), "big")


@functools.cache
def _cosines() -> npt.NDArray[np.float64]:
    """(8, 32): the cosines of the frequencies 0 to 7, scaled and rounded to whole numbers."""
    frequency = np.arange(_FREQUENCIES)[:, None]
    position = 2 * np.arange(THUMB_SIDE) + 1
    cosines = np.cos(np.pi * frequency * position / (2 * THUMB_SIDE))
    scaled: npt.NDArray[np.float64] = np.rint(cosines * _SCALE)
    return scaled
