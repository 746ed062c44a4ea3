"""What a file is by its look: a scan, or something that was drawn, as masks are."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import fingerprints, pixels
from sonoflow.images.fingerprints import Fingerprint

# Values of a drawing: the background, lesions, perhaps several kinds of them. Scans have dozens.
DRAWN_VALUES = 12
# Of a drawing that was stored as JPEG or scaled: levels that count as its darkest or brightest, and
# the share of pixels that may lie between; they are fewer than either.
_SOFT_LEVELS, _SOFT_SHARE = 16, 0.15
_PIXELS = 1 << 18  # that are looked at
# Of thumbnails of 32 × 32 cells: an overlay differs by its lines and its brightness, another
# picture by all of it. Scans correlate with each other, but then not in their hashes.
_ALIKE_CORRELATION, _ALIKE_HASH_BITS = 0.85, 14
SMALL_SIDE = 192
_COLOUR_LEVELS, _COLOUR_SHARE = 24, 0.0005


@dataclasses.dataclass(frozen=True)
class Look:
    values: int  # how many different ones, DRAWN_VALUES + 1 for more
    drawn: bool
    colour_share: float  # of its pixels
    fingerprint: Fingerprint
    width: int
    height: int
    small: pixels.Pixels  # the same picture in grey, of SMALL_SIDE pixels at most

    @property
    def coloured(self) -> bool:
        return self.colour_share > _COLOUR_SHARE


def look(data: bytes | None) -> Look | None:
    """None for what cannot be read as an image."""
    if data is None:
        return None
    try:
        image = Image.open(io.BytesIO(data))
        # As masks, 32 bits and fractions are read: what was drawn is to be told from the rest.
        grey = _stretched(image) if image.mode in ("I", "F") else pixels.decode(data).pixels
        stored = _stored(image)
    except (ImageRejected, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    values = min(len(np.unique(stored)), DRAWN_VALUES + 1)
    drawn = values <= DRAWN_VALUES or is_soft(grey)
    height, width = grey.shape
    share, found = _colour_share(image), fingerprints.fingerprint(grey)
    return Look(values, drawn, share, found, width, height, _small(grey))


def _stretched(image: Image.Image) -> pixels.Pixels:
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    values -= values.min()
    grey: pixels.Pixels = (values * (255 / max(float(values.max()), 1e-9))).astype(np.uint8)
    return grey


def _small(grey: pixels.Pixels) -> pixels.Pixels:
    image = Image.fromarray(grey)
    factor = -(-max(image.size) // SMALL_SIDE)
    return np.asarray(image.reduce(factor) if factor > 1 else image)


def _stored(image: Image.Image) -> npt.NDArray[Any]:
    """A number for each pixel, equal for equal colours or indices of a palette."""
    array = np.asarray(image)
    step = _step(array)
    array = array[::step, ::step]
    if array.ndim == 2:
        return array
    weights = 256 ** np.arange(array.shape[2], dtype=np.int64)
    numbers: npt.NDArray[np.int64] = (array.astype(np.int64) * weights).sum(axis=2)
    return numbers


def _step(array: npt.NDArray[Any]) -> int:
    """Each how many rows and columns are enough to look at."""
    return max(1, int((array.shape[0] * array.shape[1] / _PIXELS) ** 0.5))


def is_soft(grey: pixels.Pixels) -> bool:
    """Whether grey pixels show two values that were blurred."""
    return _is_soft(pixels.levels(grey))


def _is_soft(counts: pixels.Levels) -> bool:
    levels = np.flatnonzero(counts)
    darkest, brightest = int(levels[0]), int(levels[-1])
    if brightest - darkest < 4 * _SOFT_LEVELS:
        return False
    dark = counts[: darkest + _SOFT_LEVELS].sum()
    bright = counts[brightest - _SOFT_LEVELS + 1 :].sum()
    whole = counts.sum()
    between = whole - dark - bright
    return bool(between <= min(dark, bright) and between <= _SOFT_SHARE * whole)


def check_scan(decoded: pixels.Decoded) -> None:
    """Raises ImageRejected (drawn) for what is to train as a picture and looks like a mask."""
    counts = decoded.levels
    levels = np.flatnonzero(counts)
    values = len(levels)
    # The levels of a dark scan lie close together, those of a drawing apart.
    apart = int(levels[-1] - levels[0]) >= 2 * values
    if (values <= DRAWN_VALUES and apart) or _is_soft(counts):
        detail = f"it was drawn, with {values} values, as masks are, and is no scan; if it is the "
        detail += "mask of an image, call it <image>_mask.png"
        raise ImageRejected("drawn", detail)


def _colour_share(image: Image.Image) -> float:
    if image.mode not in ("RGB", "RGBA", "P", "CMYK", "YCbCr"):
        return 0.0
    colours = np.asarray(image.convert("RGB"))
    step = _step(colours)
    colours = colours[::step, ::step].astype(np.int16)
    apart = colours.max(axis=2) - colours.min(axis=2) > _COLOUR_LEVELS
    return float(np.count_nonzero(apart) / apart.size)


def alike(one: Look, other: Look) -> bool:
    """Whether they show the same picture, lines and marks on it aside."""
    return alike_prints(one.fingerprint, other.fingerprint)


def alike_prints(one: Fingerprint, other: Fingerprint) -> bool:
    bits = (one.phash ^ other.phash).bit_count()
    if bits > _ALIKE_HASH_BITS:
        return False
    first, second = (look.thumb.astype(np.float64).ravel() for look in (one, other))
    first, second = first - first.mean(), second - second.mean()
    norms = float(np.linalg.norm(first) * np.linalg.norm(second))
    return bool(norms > 0 and first @ second >= _ALIKE_CORRELATION * norms)
