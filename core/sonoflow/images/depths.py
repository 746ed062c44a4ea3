"""Pictures of sixteen bits, of which scanners use fewer: as grey levels of eight."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.errors import ImageRejected

Wide = npt.NDArray[np.uint16]

DEPTHS = (8, 10, 12, 14, 16)  # bits that scanners use of 16
FLAG = "depth-{}-of-16"  # of a picture that was scaled by fewer bits
UNLIKE = "depth-unlike-the-others"
_LUMA = (0.299, 0.587, 0.114)  # of ITU-R 601
_STRIP_PIXELS = 1 << 20
_FEW = 14 - 8  # bits of the high byte that the brightest pixel needs at least of all 16


def needed(wide: Wide) -> int:
    """How many bits the brightest pixel needs, as scanners have them."""
    used_bits = int(wide.max()).bit_length()
    return next(bits for bits in DEPTHS if used_bits <= bits)


def used(image: Image.Image) -> int | None:
    """The same of a picture of 16 bits; None for all others."""
    return needed(np.asarray(image).astype(np.uint16)) if image.mode.startswith("I;16") else None


def narrowed(wide: Wide, bits: int | None) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """Eight bits, and flags. `bits` is what white needs, where that is known."""
    most = needed(wide)
    flags: tuple[str, ...] = ()
    if bits is not None and most > bits:
        flags, bits = (UNLIKE,), most
    bits = bits or most
    if bits < 16:
        # The same grey whether eight bits were shifted or stretched to so many.
        return (wide >> (bits - 8)).astype(np.uint8), (FLAG.format(bits), *flags)
    return ((wide.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8), flags


def stored(image: Image.Image) -> str:
    """How the colours of a picture that is not loaded yet are stored, where they have 16 bits."""
    for tile in getattr(image, "tile", None) or ():
        raw = tile[3] if isinstance(tile[3], str) else str(tile[3][0]) if tile[3] else ""
        if ";16" in raw and not raw.startswith("I;"):
            return raw
    return ""


def is_deep_colour(image: Image.Image, raw: str) -> bool:
    """Whether the upper eight bits of 16, which Pillow keeps of colours, hold too little."""
    if not raw:
        return False
    colours = image.convert("RGB") if image.mode != "RGB" else image
    highest = max(high for _, high in colours.getextrema())  # type: ignore[misc]
    return int(highest).bit_length() <= _FEW


def of_colours(image: Image.Image, again: Callable[[], Image.Image]) -> Image.Image:
    """A picture of 16 bits of the luma of one whose upper bytes are loaded. `again` opens it once
    more. Raises ImageRejected where Pillow cannot read the lower bytes."""
    twin = again()
    raw = stored(twin)
    other = raw.replace("16B", "16L") if "16B" in raw else raw.replace("16L", "16B")
    if other == raw or image.mode not in ("RGB", "RGBA") or raw[: raw.index(";")] != image.mode:
        detail = "colours of 16 bits of which few are used are not read; store the picture as grey"
        raise ImageRejected("unsupported-mode", detail)
    # Read in the other order of bytes, what Pillow keeps are the lower ones.
    twin.tile = [  # type: ignore[attr-defined]
        (tile[0], tile[1], tile[2], other if isinstance(tile[3], str) else (other, *tile[3][1:]))
        for tile in twin.tile  # type: ignore[attr-defined]
    ]
    wide = np.empty((image.height, image.width), dtype=np.uint16)
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        upper, lower = (np.asarray(part.crop(box))[..., :3] for part in (image, twin))
        luma = (upper.astype(np.float32) * 256 + lower) @ np.array(_LUMA, dtype=np.float32)
        wide[top : box[3]] = np.rint(luma)
    return Image.fromarray(wide)
