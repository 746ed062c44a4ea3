from __future__ import annotations

import numpy as np
import pytest

from sonoflow.errors import ImageRejected
from sonoflow.images import dicom_frames, oddities, pixels
from tests.unit import pictures, ultrasound
from tests.unit.core.dicom import samples
from tests.unit.core.images import mask_sets, test_oddities

SCAN = np.asarray(pictures.scan())


def test_a_frame_is_the_same_grey_as_the_picture_in_another_format() -> None:
    found = dicom_frames.decode(dicom_frames.read(samples.file(SCAN[np.newaxis])), 0)

    assert (found.pixels == pixels.decode(pictures.png()).pixels).all()
    assert found.flags == ()


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_of_sixteen_bits_the_brightest_pixel_tells_how_many_are_used(bits: int) -> None:
    grey = ultrasound.scan(1)
    other = pixels.decode(mask_sets.deep(bits)(grey))
    wide = (grey.astype(np.uint16) << (bits - 8))[np.newaxis]

    found = dicom_frames.decode(dicom_frames.read(samples.file(wide)), 0)

    assert (found.pixels == other.pixels).all()
    assert found.flags == other.flags == (f"depth-{bits}-of-16",)


def test_colours_are_flagged_and_become_their_luma() -> None:
    flow = test_oddities.flow(90).convert("RGB")
    data = samples.file(np.asarray(flow)[np.newaxis])

    found = dicom_frames.decode(dicom_frames.read(data), 0)

    assert (found.pixels == np.asarray(flow.convert("L"))).all()
    assert found.flags == (pixels.COLOUR,)
    assert oddities.is_coloured(flow)


@pytest.mark.parametrize(("rows", "columns"), [(31, 64), (64, 31)])
def test_frames_have_the_bounds_of_all_pictures(rows: int, columns: int) -> None:
    with pytest.raises(ImageRejected, match="too-small"):
        dicom_frames.read(samples.file(samples.ramp(rows, columns)))
    huge = samples.file(samples.ramp(), Rows=40_000, Columns=1_001)
    with pytest.raises(ImageRejected, match="too-large"):
        dicom_frames.read(huge)
