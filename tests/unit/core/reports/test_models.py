from __future__ import annotations

from sonoflow.reports import models

RELEASE = {
    "task": "segmentation",
    "model": "segmenter",
    "version": "v1",
    "endpoint_name": "sonoflow-segmenter",
    "model_package_arn": "arn",
    "metrics": {"lesion_dice": 0.8},
}


def test_what_an_evaluation_does_not_have_is_none() -> None:
    told = models.facts(RELEASE, {"images": 12, "metrics": {}})

    assert told["test_images"] == 12
    assert told["confusion_matrix"] is told["roc"] is told["test_rows"] is None
    assert told["intervals"] == {}


def test_intervals_come_from_the_evaluation_and_figures_from_the_release() -> None:
    evaluation = {"rows": 57, "metrics": {"accuracy": 0.1, "intervals": {"accuracy": [0.1, 0.2]}}}

    told = models.facts(RELEASE, evaluation)

    assert told["metrics"] == {"lesion_dice": 0.8}
    assert told["intervals"] == {"accuracy": [0.1, 0.2]}
    assert told["test_rows"] == 57


def test_what_a_training_left_is_told_if_it_left_it() -> None:
    rules = b'{"rules": [{"name": "plateau", "fired": true}, {"name": "dead", "fired": false}]}'

    assert models.training({}) == {"documents": [], "rules_fired": None}
    assert models.training({"report.html": b"", "diagnostics.json": rules}) == {
        "documents": ["report.html", "diagnostics.json"],
        "rules_fired": ["plateau"],
    }
    assert models.training({"diagnostics.json": b'{"rules": []}'})["rules_fired"] == []
