from __future__ import annotations

import numpy as np
import pytest

from sonoflow import settings
from sonoflow.images import pixels
from sonoflow.inference import examinations, overlays
from tests.unit import fake_endpoints, pictures
from tests.unit.fake_endpoints import SEGMENTER, FakeEndpoints


def test_both_models_are_asked_and_the_lesions_measured(endpoints: FakeEndpoints) -> None:
    decoded = pixels.decode(pictures.png())

    found = examinations.examine(decoded, settings.read(settings.Predicting))

    assert found.classification.label == "benign"
    assert found.lesions.pixels == 200
    assert found.flags == ("unlike-ultrasound",)
    assert found.shown is decoded.pixels
    assert found.measurements == {
        "longest_axis_pixels": 22.361,
        "perpendicular_pixels": 17.889,
        "area_mm2": None,
        "longest_axis_mm": None,
        "perpendicular_mm": None,
        "no_millimetres": "no-scale",
    }
    assert [body for _, _, body in endpoints.requests] == [examinations.request_body(decoded)] * 2


def test_without_lesions_nothing_is_measured(endpoints: FakeEndpoints) -> None:
    endpoints.answers[SEGMENTER] = lambda body: fake_endpoints.segmentation(body)

    found = examinations.examine(pixels.decode(pictures.png()), settings.read(settings.Predicting))

    assert found.measurements is None


def test_pixels_that_are_no_squares_measure_in_millimetres() -> None:
    probabilities = np.zeros((40, 64), dtype=np.uint8)
    probabilities[5:15, 10:30] = 255

    found = examinations.measured(overlays.find(probabilities), (0.2, 0.3), "")

    assert found is not None
    assert found["area_mm2"] == pytest.approx(200 * 0.06)
    assert found["longest_axis_mm"] == 5.0  # 20 × 0.2 across, 10 × 0.3 down
    assert found["perpendicular_mm"] == pytest.approx(4.8)
    assert found["millimetres_per_pixel"] == [0.2, 0.3]
    assert "no_millimetres" not in found
