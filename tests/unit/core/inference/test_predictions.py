from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from sonoflow.aws.uploads import Upload
from sonoflow.inference import overlays, predictions
from sonoflow.inference.image_endpoints import Classified, Model
from sonoflow.inference.predictions import Prediction

UPLOAD = Upload("uploads", "inbox/ward3/a.png", "v1", 80, "0055AED6DCD90281E5")
PROBABILITIES = {"benign": 0.6, "malignant": 0.3, "normal": 0.1}


def document(**changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "upload": UPLOAD,
        "sha256": "0" * 64,
        "width": 20,
        "height": 10,
        "classification": Classified(
            "benign", PROBABILITIES, Model("classifier", "v-1", "c", "cd0007f2cf09")
        ),
        "lesions": overlays.find(np.full((10, 20), 200, np.uint8)),
        "segmenter": Model("segmenter", "v-2", "s"),
        "review_below": 0.7,
        "timing": {"classification_ms": 1.0, "segmentation_ms": 2.0, "total_ms": 3.0},
    }
    return Prediction(**{**given, **changed}).document()


def test_a_prediction_says_what_it_is_good_for_when_it_was_made_and_of_which_data() -> None:
    found = document()

    assert (found["schema_version"], found["notice"]) == (2, "research use only")
    assert datetime.datetime.fromisoformat(found["time"]).tzinfo is not None
    datasets = {role: model["dataset_version"] for role, model in found["models"].items()}
    assert datasets == {"classifier": "cd0007f2cf09", "segmenter": None}


def test_measurements_have_a_place_and_are_left_out_where_there_are_none() -> None:
    assert "measurements" not in document()
    assert document(measurements={"longest_mm": 12.5})["measurements"] == {"longest_mm": 12.5}


def test_a_case_for_review_leads_to_everything_that_a_person_needs() -> None:
    prediction = document()

    case = predictions.review(prediction)

    assert case["image"] == {"bucket": "uploads", "key": "inbox/ward3/a.png", "version_id": "v1"}
    assert case["prediction_key"] == "predictions/ward3/a.png.json"
    assert case["mask_key"] == "masks/ward3/a.png.png"
    assert case["overlay_key"] == "overlays/ward3/a.png.png"
    assert (case["label"], case["probabilities"]) == ("benign", PROBABILITIES)
    assert case["explanations"] == prediction["decision"]["explanations"]
    assert (case["sequencer"], case["time"]) == (prediction["sequencer"], prediction["time"])
