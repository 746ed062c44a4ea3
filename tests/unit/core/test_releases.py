from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from sonoflow.errors import ConfigurationError
from sonoflow.releases import Release

Compose = Callable[..., Release]


def test_a_releases_name_tells_stack_model_and_data_set(release: Compose) -> None:
    classifier, segmenter = release().name, release("segmentation").name

    assert re.fullmatch(r"sonoflow-classifier-cd0007f2cf09-[0-9a-f]{8}", classifier)
    assert re.fullmatch(r"sonoflow-segmenter-cd0007f2cf09-[0-9a-f]{8}", segmenter)


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
    for variable in ("CLASSIFIER_EPOCHS", "TRAINING_SEED", "TRAINING_IMAGE_URI"):
        settings_env.setenv(variable, "77")
        versions.add(release().version)

    assert len(versions) == 9


def test_hyperparameters_tell_the_model_who_it_is(release: Compose) -> None:
    composed = release()

    told = composed.hyperparameters
    assert told["classes"] == ["benign", "malignant", "normal"]
    assert told["model-name"] == "classifier"
    assert told["model-version"] == composed.version
    assert told["dataset-version"] == "cd0007f2cf09"
    assert told["code-digest"] == composed.code.sha256


def test_a_stacks_name_that_leaves_no_room_is_an_error(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("STACK_NAME", "s" * 30)
    assert len(release().name) == 63
    settings_env.setenv("STACK_NAME", "s" * 31)

    with pytest.raises(ConfigurationError, match="too long"):
        _ = release().name
