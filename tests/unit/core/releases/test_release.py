from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from sonoflow import settings
from sonoflow.releases import training_jobs
from sonoflow.releases.release import Release

Compose = Callable[..., Release]


def test_a_releases_name_tells_stack_model_and_data_set(release: Compose) -> None:
    classifier, segmenter, table = (
        release(task).name for task in ("classification", "segmentation", "table")
    )

    assert re.fullmatch(r"sonoflow-classifier-cd0007f2cf09-[0-9a-f]{8}", classifier)
    assert re.fullmatch(r"sonoflow-segmenter-cd0007f2cf09-[0-9a-f]{8}", segmenter)
    assert re.fullmatch(r"sonoflow-table-61e104857123-[0-9a-f]{8}", table)


def test_the_same_ingredients_give_the_same_name(release: Compose) -> None:
    assert release().name == release().name


def test_every_ingredient_changes_the_version(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    versions = {
        release().version,
        release("segmentation").version,
        release(run="busi-mini-cd0007f2cf09-a1b2c3").version,
        release(started="2027-03-01T00:00:00.000Z").version,
        release(code__sha256="0" * 64).version,
        release(dataset__classes=["benign", "malignant"]).version,
    }
    for variable, value in (
        ("CLASSIFIER_EPOCHS", "77"),
        ("CLASSIFIER_HYPERPARAMETERS", '{"seed": 77}'),
        ("TRAINING_IMAGE_URI", "77"),
    ):
        settings_env.setenv(variable, value)
        versions.add(release().version)

    assert len(versions) == 9


def test_every_ingredient_of_a_table_changes_the_version(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    versions = {
        release("table").version,
        release("table", run="wdbc-61e104857123-a1b2c3").version,
        release("table", started="2027-03-01T00:00:00.000Z").version,
        release("table", dataset__features=31).version,
        release("table", dataset__classes=["B", "M", "N"]).version,
    }
    for variable, value in (
        ("TABLE_HYPERPARAMETERS", '{"epochs": 77}'),
        ("TABLE_HYPERPARAMETERS", '{"epochs": 77, "l1": 77}'),
        ("LINEAR_LEARNER_IMAGE_URI", "77"),
    ):
        settings_env.setenv(variable, value)
        versions.add(release("table").version)

    assert len(versions) == 8


def test_hyperparameters_tell_the_model_who_it_is(release: Compose) -> None:
    composed = release()

    told = training_jobs.request(composed)["HyperParameters"]
    assert json.loads(json.loads(told["classes"])) == ["benign", "malignant", "normal"]
    assert json.loads(told["model-name"]) == "classifier"
    assert json.loads(told["model-version"]) == composed.version
    assert json.loads(told["dataset-version"]) == "cd0007f2cf09"
    assert json.loads(told["code-digest"]) == composed.task.source


def test_the_longest_name_that_a_stack_may_have_leaves_room_for_all_others(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("STACK_NAME", "s" * settings.STACK_NAME_LIMIT)

    assert len(release().name) == 63
