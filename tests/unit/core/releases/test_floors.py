from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.releases.release import Release

Compose = Callable[..., Release]
BUSI = ["benign", "malignant", "normal"]


@pytest.mark.parametrize(
    ("task", "model", "floors", "classes", "gate"),
    [
        (
            "classification",
            "classifier",
            '{"macro-f1": 0.7, "malignant-sensitivity": 0.85, "malignant-auc": 0.9}',
            BUSI,
            {
                "minimum": {
                    "accuracy": 0.6,
                    "macro_f1": 0.7,
                    "malignant_sensitivity": 0.85,
                    "malignant_auc": 0.9,
                }
            },
        ),
        (
            "segmentation",
            "segmenter",
            '{"lesion-missed-rate": 0.1, "normal-false-mask-rate": 0.4}',
            BUSI,
            {
                "minimum": {"lesion_dice": 0.4},
                "maximum": {"lesion_missed_rate": 0.1, "normal_false_mask_rate": 0.4},
            },
        ),
    ],
)
def test_floors_are_bounds_of_the_gate(
    release: Compose,
    task: str,
    model: str,
    floors: str,
    classes: list[str],
    gate: Any,
) -> None:
    assert release(task, floors={model: floors}).task.gate(classes) == gate


def test_a_tables_floors_are_held_by_its_endpoint_alone(
    release: Compose,
) -> None:
    """Linear Learner's job reports no AUC."""
    composed = release("table", floors={"table": '{"sensitivity": 0.9, "auc": 0.95}'})

    assert composed.task.gate(["B", "M"]) == {"minimum": {"accuracy": 0.9}}
    assert composed.task.probe_request(composed)["gate"] == {
        "minimum": {"accuracy": 0.9, "sensitivity": 0.9, "auc": 0.95}
    }


@pytest.mark.parametrize(
    ("model", "floors", "message"),
    [
        ("classifier", '{"macro-f2": 0.7}', "'macro-f2'; did you mean macro-f1"),
        ("classifier", '{"macro-f1": 7}', "macro-f1 must be a number from 0 to 1, not 7"),
        ("classifier", '{"accuracy": 0.7}', "set by the parameter MinimumAccuracy"),
        ("segmenter", '{"lesion-mised-rate": 0}', "did you mean lesion-missed-rate"),
        ("segmenter", '{"lesion-dice": 0}', "set by the parameter MinimumLesionDice"),
        ("table", '{"sensitivty": 0.9}', "did you mean sensitivity"),
        ("table", "auc=0.9", "TableFloors is"),
    ],
)
def test_an_unknown_figure_is_refused_with_the_one_that_may_be_meant(
    release: Compose, model: str, floors: str, message: str
) -> None:
    task = {"classifier": "classification", "segmenter": "segmentation", "table": "table"}[model]

    with pytest.raises(ConfigurationError, match=message):
        release(task, floors={model: floors}).task.gate(["benign", "malignant"])


def test_floors_that_are_no_texts_are_an_error(release: Compose) -> None:
    with pytest.raises(PayloadInvalid, match="'classifier' must be str"):
        release("classification", floors={"classifier": {"macro-f1": 1}})


@pytest.mark.parametrize(
    ("task", "model", "floors", "classes", "message"),
    [
        (
            "classification",
            "classifier",
            '{"malignant-sensitivity": 0.9}',
            ["lesion", "normal"],
            "no class malignant",
        ),
        ("table", "table", '{"auc": 0.9}', ["A", "B", "C"], "the data set has 3"),
    ],
)
def test_a_figure_that_the_classes_do_not_have_is_refused_before_anything_is_trained(
    release: Compose,
    task: str,
    model: str,
    floors: str,
    classes: list[str],
    message: str,
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        release(task, floors={model: floors}).task.gate(classes)
