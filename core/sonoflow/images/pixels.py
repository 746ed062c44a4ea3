"""Reading images and masks as 8-bit grey pixels, whatever they are stored as."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.errors import ImageRejected

Pixels = npt.NDArray[np.uint8]  # (height, width)
Mask = npt.NDArray[np.bool_]  # (height, width), true where there is a lesion

PIXELS_LIMIT = 40_000_000
SIDE_MINIMUM = 32
# A picture with fewer grey levels between its darkest and its brightest pixel shows nothing.
BLANK_RANGE = 8
# A mask that was made on a scaled copy of its image has nearly the same aspect, not quite.
ASPECT_TOLERANCE = 0.02
BINS = 16  # of a histogram
BIN_LEVELS = 256 // BINS  # grey levels of a bin
MASK_RESIZED = "mask-resized"
_STRIP_PIXELS = 1 << 20
_ORIENTATION = 0x0112  # EXIF tag: how to turn the stored pixels for looking at them
_TURNS: dict[int, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda stored: np.rot90(stored, 3),
    7: lambda stored: np.rot90(stored, 2).T,
    8: np.rot90,
}
# What Pillow's decoders raise at damaged files.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
)


@dataclasses.dataclass(frozen=True)
class Decoded:
    pixels: Pixels
    orientation: int = 1  # of EXIF, 1 to 8, that was applied; 1 leaves the pixels as stored

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


@dataclasses.dataclass(frozen=True)
class MaskUnion:
    """All masks of an image in one."""

    mask: Mask
    flags: tuple[str, ...]


def decode(data: bytes) -> Decoded:
    """An image's grey pixels as it is to be looked at: turned as EXIF says.

    Raises ImageRejected with the reason empty, not-an-image, too-large, too-small, several-frames,
    truncated or unsupported-mode.
    """
    if not data:
        raise ImageRejected("empty", "the file holds no bytes")
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "BMP", "TIFF"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRejected("too-large", str(error)) from error
    except _DAMAGED as error:
        detail = "the bytes are no PNG, JPEG, BMP or TIFF image"
        raise ImageRejected("not-an-image", detail) from error
    _check_size(image)
    try:
        frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        image.load()
    except _DAMAGED as error:
        raise ImageRejected("truncated", f"the image is damaged or cut off: {error}") from error
    if frames > 1:
        # A cine loop of which only the first picture were judged would be dropped silently.
        raise ImageRejected("several-frames", f"the file holds {frames} images; send them singly")
    pixels = _grey(image)
    orientation = _orientation(image)
    if orientation == 1:
        return Decoded(pixels)
    return Decoded(np.ascontiguousarray(_TURNS[orientation](pixels)), orientation)


def _orientation(image: Image.Image) -> int:
    """Of a loaded image; Pillow itself has turned a TIFF by then."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:
        return 1
    return value if value in _TURNS else 1


def check_not_blank(decoded: Decoded) -> None:
    """Raises ImageRejected."""
    darkest, brightest = int(decoded.pixels.min()), int(decoded.pixels.max())
    if brightest - darkest < BLANK_RANGE:
        detail = f"all pixels lie between {darkest} and {brightest} of 255"
        raise ImageRejected("blank", detail)


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > PIXELS_LIMIT:
        detail = f"{width} × {height} pixels, the limit is {PIXELS_LIMIT} in all"
        raise ImageRejected("too-large", detail)
    if min(width, height) < SIDE_MINIMUM:
        detail = f"{width} × {height} pixels, each side must have {SIDE_MINIMUM} at least"
        raise ImageRejected("too-small", detail)


def _grey(image: Image.Image) -> Pixels:
    """Luma of ITU-R 601; transparency lies on black, as does everything outside the fan."""
    if image.mode.startswith("I;16"):
        # Full scale: the range that a 16-bit scan really uses is not known from one image.
        wide = np.asarray(image).astype(np.uint32)
        return ((wide * 255 + 32767) // 65535).astype(np.uint8)
    transparent = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if not transparent and image.mode not in ("1", "L", "P", "RGB", "CMYK", "YCbCr"):
        raise ImageRejected("unsupported-mode", f"pixels of mode {image.mode!r} cannot be read")
    if image.mode == "L" and not transparent:
        return np.asarray(image)
    grey = np.empty((image.height, image.width), dtype=np.uint8)
    # In strips: whole, the copies of a large image would be ten times its grey pixels.
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        whole = rows >= image.height
        strip = image if whole else image.crop((0, top, image.width, bottom))
        if transparent:
            coloured = strip.convert("RGBA")
            black = Image.new("RGBA", coloured.size, (0, 0, 0, 255))
            strip = Image.alpha_composite(black, coloured)
        grey[top:bottom] = np.asarray(strip.convert("L"))
    return grey


def union(masks: Iterable[bytes], image: Decoded) -> MaskUnion:
    """The union of an image's masks, each turned and scaled to lie on the image.

    Raises ImageRejected with the reason mask-unreadable, mask-size-mismatch or mask-not-binary.
    """
    whole = np.zeros(image.pixels.shape, dtype=np.bool_)
    flags: dict[str, None] = {}
    for number, data in enumerate(masks, start=1):
        try:
            decoded = decode(data)
        except ImageRejected as error:
            raise ImageRejected("mask-unreadable", f"mask {number}: {error}") from error
        mask = _binary(decoded.pixels, number)
        if mask.shape != whole.shape and image.orientation != 1 and decoded.orientation == 1:
            # Drawn on the pixels as stored, by a tool that knows nothing of EXIF.
            mask = _TURNS[image.orientation](mask)
        if mask.shape != whole.shape:
            _check_aspect(mask, image, number)
            mask = _resized(mask, image)
            flags[MASK_RESIZED] = None
        whole |= mask
    return MaskUnion(whole, tuple(flags))


def _check_aspect(mask: Mask, image: Decoded, number: int) -> None:
    height, width = mask.shape
    ratio = (width * image.height) / (height * image.width)
    if abs(ratio - 1) > ASPECT_TOLERANCE:
        detail = f"mask {number} has {width} × {height} pixels, "
        detail += f"the image {image.width} × {image.height}, which is another shape"
        raise ImageRejected("mask-size-mismatch", detail)


def _resized(mask: Mask, image: Decoded) -> Mask:
    """By the nearest pixel: a mask knows no values in between."""
    size = (image.width, image.height)
    scaled = Image.fromarray(mask.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    return np.asarray(scaled) > 0


def _binary(pixels: Pixels, number: int) -> Mask:
    brightest = int(pixels.max())
    if brightest <= 1:
        return pixels > 0  # a label image, 0 and 1
    if brightest < 128:
        detail = f"mask {number} is nowhere brighter than {brightest} of 255"
        raise ImageRejected("mask-not-binary", detail)
    return pixels >= 128


def digest(pixels: Pixels) -> str:
    """SHA-256 of the size and the grey pixels: equal for images that look the same."""
    height, width = pixels.shape
    found = hashlib.sha256(f"{width}x{height}:".encode())
    found.update(np.ascontiguousarray(pixels).data)
    return found.hexdigest()


def histogram(pixels: Pixels) -> list[int]:
    """Pixels by range of grey, from black to white: 16 counts."""
    # Pillow counts in place; NumPy would first make eight bytes of every pixel.
    levels = np.array(Image.fromarray(pixels).histogram())
    counts: list[int] = levels.reshape(BINS, BIN_LEVELS).sum(axis=1).tolist()
    return counts
