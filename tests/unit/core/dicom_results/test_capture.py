from __future__ import annotations

import numpy as np
import pytest

from sonoflow.dicom_results import capture, writing
from tests.unit.core.dicom_results.findings import finding, read


def test_the_capture_shows_the_overlay_and_a_notice() -> None:
    given = finding()

    found = read(writing.write(given)["capture"])

    assert (found.pixel_array[:50] == given.shown).all()
    assert found.pixel_array.shape[0] > 50
    assert found.pixel_array[50:].max() > 200
    assert [float(size) for size in found.PixelSpacing] == [0.1, 0.2]
    assert found.Modality == "OT"  # never taken for a picture to be answered


@pytest.mark.parametrize("width", [32, 2000])
def test_the_notice_fits(width: int) -> None:
    shown = capture.with_notice(np.zeros((32, width, 3), np.uint8))

    assert shown.shape == (52, width, 3)
    assert shown[32:].any() and not shown[:, width - 1].any()
