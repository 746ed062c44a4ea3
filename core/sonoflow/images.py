"""Reading images and masks as 8-bit grey pixels, whatever they are stored as."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonoflow.errors import ImageRejected

Pixels = npt.NDArray[np.uint8]  # (height, width)
Mask = npt.NDArray[np.bool_]  # (height, width), true where there is a lesion

PIXELS_LIMIT = 40_000_000
SIDE_MINIMUM = 32
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

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


def decode(data: bytes) -> Decoded:
    """An image's grey pixels as stored (an EXIF orientation is not applied).

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
    return Decoded(_grey(image))


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
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        black = Image.new("RGBA", coloured.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, coloured)
    elif image.mode not in ("1", "L", "P", "RGB", "CMYK", "YCbCr"):
        raise ImageRejected("unsupported-mode", f"pixels of mode {image.mode!r} cannot be read")
    return np.asarray(image.convert("L"), dtype=np.uint8)


def union(masks: Sequence[bytes], width: int, height: int) -> Mask:
    """The union of an image's masks.

    Raises ImageRejected with the reason mask-unreadable, mask-size-mismatch or mask-not-binary.
    """
    whole = np.zeros((height, width), dtype=np.bool_)
    for number, data in enumerate(masks, start=1):
        try:
            decoded = decode(data)
        except ImageRejected as error:
            raise ImageRejected("mask-unreadable", f"mask {number}: {error}") from error
        if decoded.pixels.shape != whole.shape:
            detail = f"mask {number} has {decoded.width} × {decoded.height} pixels, "
            raise ImageRejected("mask-size-mismatch", f"{detail}the image {width} × {height}")
        whole |= _binary(decoded.pixels, number)
    return whole


def _binary(pixels: Pixels, number: int) -> Mask:
    brightest = int(pixels.max())
    if brightest <= 1:
        return pixels > 0  # a label image, 0 and 1
    if brightest < 128:
        detail = f"mask {number} is nowhere brighter than {brightest} of 255"
        raise ImageRejected("mask-not-binary", detail)
    return pixels >= 128


def encode_png(pixels: Pixels | Mask) -> bytes:
    """As 8-bit grey PNG; masks as 0 and 255. The same pixels give the same bytes."""
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def digest(pixels: Pixels) -> str:
    """SHA-256 of the size and the grey pixels: equal for images that look the same."""
    height, width = pixels.shape
    return hashlib.sha256(f"{width}x{height}:".encode() + pixels.tobytes()).hexdigest()
