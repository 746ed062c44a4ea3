"""Frames of DICOM objects as grey pixels, by the same rules as all other pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sonoflow.dicom.objects import DicomObject
from sonoflow.images import depths, oddities, pixels
from sonoflow.images.pixels import Decoded


def read(data: bytes) -> DicomObject:
    """Raises ImageRejected."""
    return DicomObject(data, pixels.PIXELS_LIMIT, pixels.SIDE_MINIMUM)


def decode(source: DicomObject, number: int, bits: int | None = None) -> Decoded:
    """The frame of that number, from 0; its flags, and none of the object's.

    `bits` as `pixels.decode` takes them: they count where the object says sixteen. Raises
    ImageRejected.
    """
    picture, flags = source.frame(number)
    if picture.ndim == 3:
        image = Image.fromarray(picture)
        grey, _ = pixels.grey(image)
        return Decoded(grey, flags=(*flags, *((pixels.COLOUR,) * oddities.is_coloured(image))))
    if picture.dtype == np.uint16:
        grey, more = depths.narrowed(picture, bits)
        return Decoded(grey, flags=(*flags, *more))
    return Decoded(picture, flags=flags)
