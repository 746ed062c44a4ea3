"""What tells pictures that are no plain ultrasound: colours, and a grain that no scanner makes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

_STEP = 4  # every so many pixels one is looked at for its colour
_CHROMA = 48  # levels between a pixel's strongest and weakest channel that are a colour
_LEAST_SHARE = 0.005  # of a picture: less is a mark or a caliper
_SIDE = 160  # of the middle part whose grain is measured

UNLIKE_ULTRASOUND = "unlike-ultrasound"
# Of BUSI's images none has less than 0.6; what is drawn at random has nothing.
_LEAST_TEXTURE = 0.15

# Of a line: how bright it is, and how much brighter than what lies so many pixels aside; how alike
# its pixels are.
_BRIGHT, _EDGE, _REACH, _SAME = 180, 100, 4, 6
_ROWS = 6  # of which one is looked at
_STROKE_PIXELS = 512  # bright ones that are looked at: of more, some


def of_one(pixels: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    """The flags of a picture that is alone: its grain is no scanner's."""
    grain = texture(pixels)
    return (UNLIKE_ULTRASOUND,) if grain is None or grain < _LEAST_TEXTURE else ()


def is_coloured(image: Image.Image) -> bool:
    """Whether a picture shows colours, as Doppler and photographs do, not only greys in RGB."""
    if image.mode not in ("RGB", "RGBA", "P", "PA", "YCbCr"):
        return False
    size = (max(1, image.width // _STEP), max(1, image.height // _STEP))
    few = np.asarray(image.resize(size, Image.Resampling.NEAREST).convert("RGBA"))
    colours, opaque = few[..., :3], few[..., 3] > 0
    chroma = (colours.max(axis=2).astype(np.int16) - colours.min(axis=2)) * opaque
    return bool(np.count_nonzero(chroma > _CHROMA) > _LEAST_SHARE * chroma.size)


def texture(pixels: npt.NDArray[np.uint8]) -> float | None:
    """How alike neighbours are in the middle of a picture, or in all of it where that is of one
    grey: 1 in smooth ones, 0 in noise. None where nothing differs."""
    height, width = pixels.shape
    top, left = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    middle = _likeness(pixels[top : top + _SIDE, left : left + _SIDE])
    return _likeness(pixels) if middle is None else middle


def _likeness(pixels: npt.NDArray[np.uint8]) -> float | None:
    part = pixels.astype(np.float32)
    part -= part.mean()
    power = float((part * part).mean())
    if power < 1:
        return None
    across = float((part[:, 1:] * part[:, :-1]).mean())
    down = float((part[1:] * part[:-1]).mean())
    return round(min(across, down) / power, 4)


def strokes(pixels: npt.NDArray[np.uint8]) -> float:
    """The share of pixels that lie on bright lines with sharp edges, as text and calipers do.

    Of BUSI's images those with any have 0.002 and more, nearly all others less; in pictures of raw
    speckle it is larger throughout. So it tells only beside that of other images of a set.
    """
    height, width = pixels.shape
    if min(height, width) <= 2 * _REACH:
        return 0.0
    flat = pixels.ravel()
    # Of some rows: lines go on.
    bright = np.flatnonzero(pixels[_REACH : height - _REACH : _ROWS] >= _BRIGHT)
    every = -(-len(bright) // _STROKE_PIXELS) or 1
    rows, columns = np.divmod(bright[::every], width)
    beside = (columns >= _REACH) & (columns < width - _REACH)
    at = ((_ROWS * rows + _REACH) * width + columns)[beside]
    here = flat[at].astype(np.int16)
    sharp = np.zeros(len(at), dtype=np.bool_)
    for step in (_REACH, _REACH * width):
        sharp |= here - np.maximum(flat[at - step], flat[at + step]) >= _EDGE
    at, here = at[sharp], here[sharp]
    goes_on = np.zeros(len(at), dtype=np.bool_)
    for step in (1, width - 1, width, width + 1):
        for neighbour in (at - step, at + step):
            goes_on |= np.abs(flat[neighbour] - here) <= _SAME
    return round(float(np.count_nonzero(goes_on)) * _ROWS * every / pixels.size, 6)
