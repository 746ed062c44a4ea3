"""Transparency of pictures: on black, as all that lies outside the fan, unless nothing is opaque.

Programs that draw write how opaque a pixel is as they like. A picture that is nowhere opaque would
turn dark or black on black: its most opaque pixels then count as opaque ones, and those of a
picture that is transparent as a whole show their colours. What the rest hides is asked, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

FLAG = "transparent"
_OPAQUE, _HALF = 255, 128
_HIDDEN_SHARE = 0.5  # of a picture, that transparency may hide
_HIDDEN_LEVELS = 8.0  # standard deviation of what it hides: less is a colour to draw on
_STRIP_PIXELS = 1 << 20


def is_there(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def on_black(image: Image.Image) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """Luma of ITU-R 601 of a picture with transparency, and flags."""
    most, hides = _opacity(image)
    pixels = np.empty((image.height, image.width), dtype=np.uint8)
    for top, strip in _strips(image):
        if most < _OPAQUE:
            strip.putalpha(strip.getchannel("A").point(lambda alpha: _stretched(alpha, most)))
        black = Image.new("RGBA", strip.size, (0, 0, 0, _OPAQUE))
        grey = Image.alpha_composite(black, strip).convert("L")
        pixels[top : top + strip.height] = np.asarray(grey)
    return pixels, _flags(most, hides)


def flags(image: Image.Image) -> tuple[str, ...]:
    """The same flags, of any picture."""
    return _flags(*_opacity(image)) if is_there(image) else ()


def _flags(most: int, hides: bool) -> tuple[str, ...]:
    return (FLAG,) if most < _OPAQUE or hides else ()


def _stretched(alpha: int, most: int) -> int:
    """Of 0 to `most`; where that is 0, nothing says what is to be seen, and all is."""
    return min(_OPAQUE, round(alpha * _OPAQUE / most)) if most else _OPAQUE


def _opacity(image: Image.Image) -> tuple[int, bool]:
    """How opaque its most opaque pixel is, and whether most of a picture is hidden."""
    most = hidden = 0
    total = squares = 0.0
    for _, strip in _strips(image):
        alpha = np.asarray(strip.getchannel("A"))
        most = max(most, int(alpha.max()))
        if most == _OPAQUE and int(alpha.min()) == _OPAQUE:
            continue
        under = np.asarray(strip.convert("RGB").convert("L"))[alpha < _HALF].astype(np.float64)
        hidden += under.size
        total, squares = total + float(under.sum()), squares + float((under * under).sum())
    if hidden <= _HIDDEN_SHARE * image.width * image.height:
        return most, False
    return most, squares / hidden - (total / hidden) ** 2 > _HIDDEN_LEVELS**2


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Whole, the copies of a large image would be ten times its grey pixels."""
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        yield top, image.crop(box).convert("RGBA")
