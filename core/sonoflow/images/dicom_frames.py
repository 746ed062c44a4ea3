"""Frames of DICOM objects as grey pixels, by the same rules as all other pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sonoflow.dicom.calibration import Region
from sonoflow.dicom.objects import DicomObject
from sonoflow.images import depths, oddities, pixels
from sonoflow.images.pixels import Decoded, Mask, Pixels


def read(data: bytes, key: bytes | None = None) -> DicomObject:
    """Whose it is, only with a `key` to hide that with. Raises ImageRejected."""
    return DicomObject(data, pixels.PIXELS_LIMIT, pixels.SIDE_MINIMUM, key)


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


def blanked(picture: Pixels, regions: tuple[Region, ...]) -> Pixels:
    """The picture without what lies outside of all regions: there scanners write names and dates.
    Where none is known it stays as it is."""
    return np.where(inside(picture.shape, regions), picture, np.uint8(0)) if regions else picture


def inside(shape: tuple[int, ...], regions: tuple[Region, ...]) -> Mask:
    """What any region holds, of a picture of (height, width)."""
    found = np.zeros(shape, dtype=np.bool_)
    for region in regions:
        left, top, right, bottom = region.box
        found[top:bottom, left:right] = True
    return found
