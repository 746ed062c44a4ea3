from __future__ import annotations

from typing import Any

import pytest

from sonoflow.dicom import attributes, files
from sonoflow.dicom.attributes import Attributes
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom import samples


def read(**tags: Any) -> Attributes:
    data = samples.file(samples.ramp(frames=2), **tags)
    return attributes.read(files.read(data), 40 * 64, 40)


def test_the_grid_is_what_the_tags_say() -> None:
    grid = read().grid

    assert (grid.rows, grid.columns, grid.frames, grid.samples) == (40, 64, 2, 1)
    assert (grid.allocated, grid.stored, grid.high, grid.signed) == (8, 8, 7, False)


@pytest.mark.parametrize(
    ("tags", "flags"),
    [
        ({}, ()),
        ({"BurnedInAnnotation": "YES"}, ("burned-in-text-possible",)),
        ({"BurnedInAnnotation": None}, ("burned-in-text-possible",)),
        ({"BodyPartExamined": "BREAST"}, ()),
        ({"BodyPartExamined": "NECK"}, ("other-body-part",)),
        ({"SOPClassUID": samples.CAPTURE}, ("secondary-capture",)),
    ],
)
def test_what_is_unusual_of_an_object_is_flagged(
    tags: dict[str, Any], flags: tuple[str, ...]
) -> None:
    assert read(**tags).flags == flags


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"Modality": "MG"}, "not-ultrasound"),
        ({"SOPClassUID": samples.MAMMOGRAPHY}, "not-ultrasound"),
        ({"Rows": 65535, "Columns": 65535}, "too-large"),
        ({"Rows": 41}, "too-large"),
        ({"Rows": 39}, "too-small"),
        ({"Columns": 0}, "too-small"),
        ({"Rows": None}, "dicom-damaged"),
        ({"BitsStored": 9}, "dicom-damaged"),
        ({"HighBit": 9}, "dicom-damaged"),
        ({"BitsStored": 0, "HighBit": 7}, "dicom-damaged"),
        ({"BitsAllocated": 32}, "unsupported-mode"),
        ({"BitsAllocated": 1}, "unsupported-mode"),
        ({"SamplesPerPixel": 4}, "unsupported-mode"),
        ({"PhotometricInterpretation": "RGB"}, "unsupported-mode"),
        ({"PhotometricInterpretation": "CMYK"}, "unsupported-mode"),
        ({"NumberOfFrames": 0}, "dicom-damaged"),
        ({"NumberOfFrames": 1_000_000}, "dicom-damaged"),
        ({"NumberOfFrames": -1}, "dicom-damaged"),
    ],
)
def test_what_cannot_be_is_refused_before_a_pixel_is_looked_at(
    tags: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ImageRejected) as caught:
        read(**tags)

    assert caught.value.reason == reason


def test_an_object_without_pixels_is_refused() -> None:
    found = samples.dataset(samples.ramp())
    del found.PixelData

    with pytest.raises(ImageRejected, match="no-pixels"):
        attributes.read(files.read(samples.encode(found)), 1 << 20, 1)
