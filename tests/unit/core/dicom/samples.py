"""DICOM objects as scanners make them, written by pydicom, which the product does not use."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

US_IMAGE, US_LOOP = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.3.1"
CAPTURE, MAMMOGRAPHY = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.1.2"
LITTLE, IMPLICIT = ExplicitVRLittleEndian, ImplicitVRLittleEndian
BIG, DEFLATED = ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian


def ramp(rows: int = 40, columns: int = 64, frames: int = 1) -> npt.NDArray[np.uint8]:
    """(frames, rows, columns); no two neighbours alike."""
    at = np.arange(frames * rows * columns, dtype=np.uint32)
    return (at * 7 % 251).astype(np.uint8).reshape(frames, rows, columns)


def dataset(pixels: npt.NDArray[Any], **tags: Any) -> Dataset:
    """Of (frames, rows, columns) or (frames, rows, columns, 3); tags by keyword, None: without."""
    found = Dataset()
    bits = pixels.dtype.itemsize * 8
    found.SOPClassUID = US_IMAGE if len(pixels) == 1 else US_LOOP
    found.SOPInstanceUID = "1.2.3"
    found.Modality = "US"
    found.SamplesPerPixel = 3 if pixels.ndim == 4 else 1
    found.PhotometricInterpretation = "RGB" if pixels.ndim == 4 else "MONOCHROME2"
    if pixels.ndim == 4:
        found.PlanarConfiguration = 0
    if len(pixels) > 1:
        found.NumberOfFrames = len(pixels)
    found.Rows, found.Columns = pixels.shape[1:3]
    found.BitsAllocated = found.BitsStored = bits
    found.HighBit = bits - 1
    found.PixelRepresentation = 0
    found.BurnedInAnnotation = "NO"
    for keyword, value in tags.items():
        if value is None:
            delattr(found, keyword)
        else:
            setattr(found, keyword, value)
    if "HighBit" not in tags:
        found.HighBit = found.BitsStored - 1
    found.PixelData = pixels.tobytes()
    found["PixelData"].VR = "OB" if bits == 8 else "OW"
    return found


def encode(found: Dataset, syntax: Any = LITTLE) -> bytes:
    """The file. Pixels of 16 bits are expected in the syntax's own order."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = found.get("SOPClassUID") or US_IMAGE
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.ImplementationClassUID = "1.2.3.4"
    found.file_meta, found.preamble = meta, b"\0" * 128
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.save_as(buffer, enforce_file_format=False)
    return buffer.getvalue()


def body_at(data: bytes) -> int:
    """Where the header of a file that was made here ends: with its last element."""
    last = b"\x02\x00\x12\x00UI\x08\x001.2.3.4\x00"
    return data.index(last) + len(last)


def file(pixels: npt.NDArray[Any], syntax: Any = LITTLE, **tags: Any) -> bytes:
    return encode(dataset(pixels, **tags), syntax)


def packed(frames: list[bytes], like: npt.NDArray[Any], syntax: Any, **tags: Any) -> bytes:
    """A file of frames that are compressed already; `like` gives shape and depth."""
    found = dataset(like, **tags)
    found.PixelData = encapsulate(frames)
    found["PixelData"].VR = "OB"
    found["PixelData"].is_undefined_length = True
    return encode(found, syntax)


def region(
    box: tuple[int, int, int, int], millimetres: tuple[float, float], **tags: Any
) -> Dataset:
    """An item of the regions; the box's edges are inclusive, as the standard has them."""
    found = Dataset()
    found.RegionSpatialFormat, found.RegionDataType, found.RegionFlags = 1, 1, 0
    found.RegionLocationMinX0, found.RegionLocationMinY0 = box[:2]
    found.RegionLocationMaxX1, found.RegionLocationMaxY1 = box[2:]
    found.PhysicalUnitsXDirection = found.PhysicalUnitsYDirection = 3
    found.PhysicalDeltaX, found.PhysicalDeltaY = (size / 10 for size in millimetres)
    for keyword, value in tags.items():
        setattr(found, keyword, value)
    return found


def regions(*items: Dataset) -> Sequence:
    return Sequence(items)
