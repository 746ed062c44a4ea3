"""Reading images and masks as 8-bit grey pixels, whatever they are stored as."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import depths, modes, oddities, png, transparency

Pixels = npt.NDArray[np.uint8]  # (height, width)
Levels = npt.NDArray[np.int64]  # (256,), pixels by level of grey
Mask = npt.NDArray[np.bool_]  # (height, width), true where there is a lesion

PIXELS_LIMIT = 40_000_000
SIDE_MINIMUM = 32
# A picture with fewer grey levels between its darkest and its brightest pixel shows nothing.
BLANK_RANGE = 8
BINS = 16  # of a histogram
BIN_LEVELS = 256 // BINS  # grey levels of a bin
COLOUR = "colour"
CMYK_UNMARKED, DAMAGED_TEXT = "cmyk-without-marker", "damaged-text"
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
_STRIP_PIXELS = 1 << 20
_ORIENTATION = 0x0112  # EXIF tag: how to turn the stored pixels for looking at them
TURNS: dict[int, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
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


@dataclasses.dataclass(frozen=True, eq=False)
class Stored:
    """A picture's file, its pixels decoded and neither turned nor converted."""

    image: Image.Image
    orientation: int
    flags: tuple[str, ...]
    white_is_zero: bool = False  # of 16 bits: Pillow turns these around for 8 bits alone


@dataclasses.dataclass(frozen=True)
class Decoded:
    pixels: Pixels
    orientation: int = 1  # of EXIF, 1 to 8, that was applied; 1 leaves the pixels as stored
    flags: tuple[str, ...] = ()  # what was taken for true of the file without being certain

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @functools.cached_property
    def levels(self) -> Levels:
        return levels(self.pixels)


def decode(data: bytes, bits: int | None = None) -> Decoded:
    """An image's grey pixels as it is to be looked at: turned as EXIF says.

    `bits` is how many of their bits pixels of 16 use, where that is known; else it is taken from
    the brightest of them, and flagged. Raises ImageRejected with the reason empty, not-an-image,
    too-large, too-small, several-frames, truncated or unsupported-mode.
    """
    stored = load(data)
    pixels, flags = grey(stored.image, bits)
    if stored.white_is_zero:
        # Only now: how many bits white's counterpart needs, the whole set says.
        pixels = ~pixels
    colour = (COLOUR,) if oddities.is_coloured(stored.image) else ()
    flags = (*stored.flags, *flags, *colour)
    if stored.orientation == 1:
        return Decoded(pixels, flags=flags)
    turned = np.ascontiguousarray(TURNS[stored.orientation](pixels))
    return Decoded(turned, stored.orientation, flags)


def load(data: bytes) -> Stored:
    """An image's file with its pixels as they are stored. Raises ImageRejected as `decode` does."""
    if not data:
        raise ImageRejected("empty", "the file holds no bytes")
    image, flags = _open(data)
    _check_size(image)
    try:
        frames, bits_stored = getattr(image, "n_frames", 1), depths.stored(image)
        white_is_zero = modes.is_white_zero(image)
        image.load()
    except _DAMAGED as error:
        raise ImageRejected("truncated", f"the image is damaged or cut off: {error}") from error
    if frames > 1:
        # A cine loop of which only the first picture were judged would be dropped silently.
        raise ImageRejected("several-frames", f"the file holds {frames} images; send them singly")
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        # Pillow takes all for Adobe's, which are stored inverted; without its marker none is.
        image, flags = _inverted(image), (*flags, CMYK_UNMARKED)
    orientation = _orientation(image)
    if depths.is_deep_colour(image, bits_stored):
        image = depths.of_colours(image, lambda: _open(data)[0])
    modes.check_signs(image)
    return Stored(image, orientation, flags, white_is_zero)


def _open(data: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    """Of a damaged PNG whose pixels are whole, what is left without the damaged parts."""
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS), ()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRejected("too-large", str(error)) from error
    except _DAMAGED as error:
        if data.startswith(png.SIGNATURE) and (mended := _mended(data)) is not None:
            return mended, (DAMAGED_TEXT,)
        raise ImageRejected("not-an-image", _foreign(data)) from error


def _mended(data: bytes) -> Image.Image | None:
    """A PNG without its damaged parts; None where there are none. Raises ImageRejected."""
    try:
        mended = png.mended(data)
        return Image.open(io.BytesIO(mended), formats=("PNG",)) if mended else None
    except _DAMAGED as error:
        detail = f"the PNG file is damaged where its pixels are described: {error}"
        raise ImageRejected("truncated", detail) from error


def _foreign(data: bytes) -> str:
    if data[128:132] == b"DICM":
        return "the bytes are a DICOM file; its name must end in .dcm"
    return "the bytes are no PNG, JPEG, BMP or TIFF image"


def _inverted(image: Image.Image) -> Image.Image:
    inverted = Image.frombytes(image.mode, image.size, (~np.asarray(image)).tobytes())
    inverted.info, inverted.format = image.info, image.format
    return inverted


def _orientation(image: Image.Image) -> int:
    """Of a loaded image; Pillow itself has turned a TIFF by then."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:
        return 1
    return value if value in TURNS else 1


def check_not_blank(decoded: Decoded) -> None:
    """Raises ImageRejected."""
    darkest, brightest = (int(level) for level in np.flatnonzero(decoded.levels)[[0, -1]])
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


def grey(image: Image.Image, bits: int | None = None) -> tuple[Pixels, tuple[str, ...]]:
    """Luma of ITU-R 601; transparency lies on black, as does everything outside the fan."""
    if image.mode.startswith("I;16"):
        return depths.narrowed(np.asarray(image).astype(np.uint16), bits)
    if transparency.is_there(image):
        return transparency.on_black(image)
    if image.mode not in ("1", "L", "P", "RGB", "CMYK", "YCbCr"):
        raise ImageRejected("unsupported-mode", modes.unsupported(image.mode))
    if image.mode == "L":
        return np.asarray(image), ()
    pixels = np.empty((image.height, image.width), dtype=np.uint8)
    # In strips: whole, the copies of a large image would be ten times its grey pixels.
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        whole = rows >= image.height
        strip = image if whole else image.crop((0, top, image.width, bottom))
        pixels[top:bottom] = np.asarray(strip.convert("L"))
    return pixels, ()


def digest(pixels: Pixels) -> str:
    """SHA-256 of the size and the grey pixels: equal for images that look the same."""
    height, width = pixels.shape
    found = hashlib.sha256(f"{width}x{height}:".encode())
    found.update(np.ascontiguousarray(pixels).data)
    return found.hexdigest()


def levels(pixels: Pixels) -> Levels:
    """Pixels by level of grey, from black to white: 256 counts."""
    # Pillow counts in place; NumPy would first make eight bytes of every pixel.
    return np.array(Image.fromarray(pixels).histogram(), dtype=np.int64)


def histogram(counts: Levels) -> list[int]:
    """Pixels by range of grey, from their `levels`: 16 counts."""
    ranges: list[int] = counts.reshape(BINS, BIN_LEVELS).sum(axis=1).tolist()
    return ranges
