"""What tells pictures that are no plain ultrasound: colours, and a grain that no scanner makes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

_STEP = 4  # every so many pixels one is looked at for its colour
_CHROMA = 48  # levels between a pixel's strongest and weakest channel that are a colour
_LEAST_SHARE = 0.005  # of a picture: less is a mark or a caliper
_SIDE = 256  # of the middle part whose grain is measured

UNLIKE_ULTRASOUND = "unlike-ultrasound"
# Of BUSI's images none has less than 0.77; what is drawn at random has nothing.
_LEAST_TEXTURE = 0.15


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
    """How alike neighbours are in the middle of a picture: 1 in smooth ones, 0 in noise. None
    where all is of one grey."""
    height, width = pixels.shape
    top, left = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    part = pixels[top : top + _SIDE, left : left + _SIDE].astype(np.float32)
    part -= part.mean()
    power = float((part * part).mean())
    if power < 1:
        return None
    across = float((part[:, 1:] * part[:, :-1]).mean())
    down = float((part[1:] * part[:-1]).mean())
    return round(min(across, down) / power, 4)
