from __future__ import annotations

import json
import re

import pytest

from sonoflow import settings
from sonoflow.errors import PayloadInvalid
from sonoflow.releases import tasks

TASKS = [tasks.get(name) for name in (tasks.CLASSIFICATION, tasks.SEGMENTATION)]

# As model_code prints them.
LOG = {
    "classification": "epoch=3/20 learning_rate=0.001 train_loss=0.41 validation_loss=3.8e-01 "
    "validation_accuracy=0.91 validation_macro_f1=0.90 validation_likelihood=0.7 seconds=2.1\n"
    "test_accuracy=0.93 test_macro_f1=0.92 test_macro_auc=0.97 test_ece=0.03",
    "segmentation": "epoch=3/20 learning_rate=0.001 train_loss=0.41 validation_loss=3.8e-01 "
    "validation_lesion_dice=0.81 validation_lesion_iou=0.7 validation_mean_agreement=0.8\n"
    "test_lesion_dice=0.8 test_lesion_iou=0.71 test_normal_false_mask_rate=0.25",
}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_metric_is_found_in_the_log_exactly_once(task: tasks.Task) -> None:
    definitions = task.metric_definitions()
    assert definitions
    for definition in definitions:
        values = re.findall(definition["Regex"], LOG[task.name])
        assert len(values) == 1, definition
        float(values[0])


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_program_exists(task: tasks.Task, root: object) -> None:
    assert (root / "model_code" / task.program).is_file()  # type: ignore[operator]


def test_only_the_table_is_trained_by_a_built_in_algorithm() -> None:
    assert [tasks.get(name).is_built_in for name in LOG] == [False, False]
    assert tasks.get(tasks.TABLE).is_built_in
    assert tasks.get(tasks.TABLE).metric_definitions() == []


@pytest.mark.parametrize(
    "value", ["61e104857123", "123456789012", "resnet18", "true", "", 'a "quoted" one']
)
def test_text_arrives_as_text_even_where_it_looks_like_a_number(value: str) -> None:
    encoded = tasks.encoded({"dataset-version": value})

    assert json.loads(encoded["dataset-version"]) == value


def test_a_list_arrives_as_the_text_of_its_json() -> None:
    """The toolkit reads JSON and hands `str()` of it to the program: a list would come in
    Python's notation."""
    encoded = tasks.encoded({"classes": ["benign", "normal"], "epochs": 3, "rate": 0.5})

    assert str(json.loads(encoded["classes"])) == '["benign", "normal"]'
    assert str(json.loads(encoded["epochs"])) == "3"
    assert str(json.loads(encoded["rate"])) == "0.5"


def test_hyperparameters_are_the_tasks_own(settings_env: pytest.MonkeyPatch) -> None:
    training = settings.read(settings.Training)

    classification, segmentation = (task.hyperparameters(training) for task in TASKS)

    common = {"batch-size": 16, "seed": 7, "stop-on": "none", "test-time-flip": False}
    assert classification == {
        **common,
        "architecture": "resnet18",
        "epochs": 12,
        "image-size": 128,
    }
    assert segmentation == {
        **common,
        "base-channels": 16,
        "deep-supervision": False,
        "depth": 4,
        "encoder": "plain",
        "epochs": 15,
        "image-size": 128,
    }


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(PayloadInvalid, match="'detection'"):
        tasks.get("detection")
