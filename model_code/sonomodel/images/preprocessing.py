"""From image bytes to what the networks see, and back: one path for training and serving.

The frame of a network is square. An image is fitted into it whole, with its aspect ratio kept, and
centred on black (letterbox). Plain resizing would distort it, and whether a lesion is taller than
wide is one of the things that tell malignant from benign; black margins are what ultrasound devices
draw anyway. What lies outside the fitted part is cut off again before a mask is given back, so a
mask has exactly the size of its source.
"""

from __future__ import annotations

import dataclasses
import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sonomodel.errors import ImageUnreadable

GreyImage = NDArray[np.uint8]  # [height, width]
FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
DEPTHS = (8, 10, 12, 14, 16)  # bits that scanners use of 16
PHOTOMETRIC_INTERPRETATION = 262  # a tag of TIFF 6.0; 0: the number 0 is white
MAXIMUM_PIXELS = 40_000_000  # far beyond any ultrasound image; bounds memory at about 0.5 GB


@dataclasses.dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of the training images, on the scale 0 to 1."""

    mean: float
    std: float


@dataclasses.dataclass(frozen=True)
class Letterbox:
    """Where an image of `width` x `height` lies in a square frame of `side` pixels."""

    width: int
    height: int
    side: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """left, top, right, bottom of the fitted image in the frame."""
        scale = self.side / max(self.width, self.height)
        fitted_width = max(1, round(self.width * scale))
        fitted_height = max(1, round(self.height * scale))
        left, top = (self.side - fitted_width) // 2, (self.side - fitted_height) // 2
        return left, top, left + fitted_width, top + fitted_height

    def fit(self, image: GreyImage) -> GreyImage:
        """[height, width] -> [side, side]"""
        left, top, right, bottom = self.box
        size = (right - left, bottom - top)
        frame = np.zeros((self.side, self.side), dtype=np.uint8)
        fitted = Image.fromarray(image).resize(size, Image.Resampling.BILINEAR)
        frame[top:bottom, left:right] = np.asarray(fitted)
        return frame

    def fit_mask(self, mask: GreyImage) -> GreyImage:
        """0/255 [height, width] -> 0/1 [side, side]"""
        return (self.fit(mask) >= 128).astype(np.uint8)

    def restore(self, frame: NDArray[np.float32]) -> NDArray[np.float32]:
        """[side, side] -> [height, width]"""
        left, top, right, bottom = self.box
        content = np.ascontiguousarray(frame[top:bottom, left:right], dtype=np.float32)
        source_size = (self.width, self.height)
        restored = Image.fromarray(content).resize(source_size, Image.Resampling.BILINEAR)
        return np.asarray(restored, dtype=np.float32)


def decode_grey(data: bytes) -> GreyImage:
    """An 8-bit grey image from PNG, JPEG, BMP or TIFF bytes.

    The same pixels as staging makes of them: luma of ITU-R 601, transparency on black (stretched
    where nothing is opaque), 16 bits scaled by as many of them as the brightest pixel needs, TIFFs
    whose 0 is white turned around, EXIF orientation left alone. Raises
    ImageUnreadable for anything else, truncated data, several frames and decompression bombs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's bomb warning: the limit below is stricter
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check(image)
                image.load()
                return _to_grey(image)
        except ImageUnreadable:
            raise
        except UnidentifiedImageError as error:
            raise ImageUnreadable(f"not an image in one of {', '.join(FORMATS)}") from error
        except Exception as error:  # damaged files make Pillow's decoders raise almost anything
            reason = str(error) or type(error).__name__
            raise ImageUnreadable(f"not a readable image: {reason}") from error


def _check(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAXIMUM_PIXELS:
        raise ImageUnreadable(
            f"the image has {width} x {height} pixels, more than the limit of {MAXIMUM_PIXELS}"
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise ImageUnreadable(f"the file holds {frames} images; send them singly")


def _to_grey(image: Image.Image) -> GreyImage:
    # A 16-bit PNG is "I" in older versions of Pillow.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        deep = np.asarray(image).astype(np.uint32)
        used = int(deep.max()).bit_length()
        bits = next(bits for bits in DEPTHS if used <= bits)
        scaled = deep >> (bits - 8) if bits < 16 else (deep * 255 + 32767) // 65535
        grey = scaled.astype(np.uint8)
        # Of 8 bits, Pillow itself turns around what begins with white.
        return ~grey if _is_white_zero(image) else grey
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = _with_something_opaque(image.convert("RGBA"))
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), coloured)
    elif image.mode not in ("1", "L", "P", "RGB", "CMYK", "YCbCr"):
        raise ImageUnreadable(f"pixels of mode {image.mode!r} are not read")
    return np.asarray(image.convert("L"), dtype=np.uint8)


def _is_white_zero(image: Image.Image) -> bool:
    tags = getattr(image, "tag_v2", None)
    return tags is not None and tags.get(PHOTOMETRIC_INTERPRETATION) == 0


def _with_something_opaque(image: Image.Image) -> Image.Image:
    """Alpha in whole numbers of its highest; opaque as a whole where that is 0."""
    alpha = image.getchannel("A")
    most = int(alpha.getextrema()[1])  # type: ignore[arg-type]
    if most < 255:
        image.putalpha(alpha.point(lambda one: min(255, round(one * 255 / most)) if most else 255))
    return image
