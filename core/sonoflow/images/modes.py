"""How a file's numbers stand for grey, where Pillow does not say it all."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import depths

# Tags of TIFF 6.0, and what they say.
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_SAMPLE_FORMAT, _SIGNED = 339, 2
_NAMES = {
    "I": "whole numbers of 32 bits, or with a sign",
    "F": "fractions (floating point)",
    "LAB": "colours of CIELAB",
    "HSV": "colours by hue",
    "La": "greys that are multiplied by their transparency",
    "RGBa": "colours that are multiplied by their transparency",
}


def is_white_zero(image: Image.Image) -> bool:
    """Whether 0 is white in a picture of more than 8 bits, not loaded yet. Of fewer Pillow turns
    it around."""
    deep = image.mode.startswith("I;16") or image.mode in ("I", "F")
    return deep and _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO


def turned_around(image: Image.Image) -> Image.Image:
    """A mask whose 0 is white, as one whose 0 is black: by as many bits as its numbers need."""
    values = np.asarray(image)
    if image.mode == "F" and values.max() <= 1:
        return Image.fromarray(1 - values)
    if image.mode == "F" or values.max() > 65535 or values.min() < 0:
        raise ImageRejected("unsupported-mode", f"0 is white in it, and it holds {_NAMES['F']}")
    wide = values.astype(np.uint16)
    return Image.fromarray(
        (2 ** depths.needed(wide) - 1 - wide.astype(np.uint32)).astype(np.uint16)
    )


def check_signs(image: Image.Image) -> None:
    """Raises ImageRejected for 8 bits of which one is a sign, where numbers below 0 are there:
    Pillow takes those for the brightest."""
    if image.format != "TIFF" or image.mode != "L" or _tag(image, _SAMPLE_FORMAT) != _SIGNED:
        return
    highest = image.getextrema()[1]
    if isinstance(highest, int | float) and highest > 127:
        detail = "its pixels are numbers with a sign, some below 0; store it as 8-bit grey PNG"
        raise ImageRejected("unsupported-mode", detail)


def unsupported(mode: str) -> str:
    """Why pixels are not read, and what to do."""
    named = f", {_NAMES[mode]}," if mode in _NAMES else ""
    return (
        f"pixels of mode {mode!r}{named} are not read, as nothing says which number is white; "
        "store them as PNG or TIFF of 8 or 16 bits"
    )


def _tag(image: Image.Image, number: int) -> int | None:
    tags = getattr(image, "tag_v2", None)
    value = tags.get(number) if tags is not None else None
    first = value[0] if isinstance(value, tuple) and value else value
    return first if isinstance(first, int) else None
