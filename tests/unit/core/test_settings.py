from __future__ import annotations

import pytest

from sonoflow import settings
from sonoflow.errors import ConfigurationError


def test_values_have_the_type_of_their_field(settings_env: pytest.MonkeyPatch) -> None:
    hosting = settings.read(settings.Hosting)

    assert hosting.serverless_memory_mb == 4096
    assert hosting.scaling_target_invocations == 60.0
    assert hosting.hosting_mode == "serverless"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_variable_is_an_error_that_names_it(
    settings_env: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        settings_env.delenv("CLASSIFIER_EPOCHS")
    else:
        settings_env.setenv("CLASSIFIER_EPOCHS", value)

    with pytest.raises(ConfigurationError, match="CLASSIFIER_EPOCHS is not set"):
        settings.read(settings.Classifier)


def test_a_value_that_is_no_number_is_an_error_that_shows_it(
    settings_env: pytest.MonkeyPatch,
) -> None:
    settings_env.setenv("CLASSIFIER_EPOCHS", "seven")

    with pytest.raises(
        ConfigurationError,
        match=r"ClassifierEpochs .*'seven': must be a whole number",
    ):
        settings.read(settings.Classifier)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("", False)])
def test_spot_instances_are_taken_only_if_it_is_asked_for(
    settings_env: pytest.MonkeyPatch, text: str, value: bool
) -> None:
    """As CloudFormation writes the parameter; `bool("false")` would be true."""
    settings_env.setenv("TRAINING_SPOT", text)

    assert settings.read(settings.Releasing).training_spot is value


@pytest.mark.parametrize("name", ["s" * 31, "Sonoflow", "sonoflow-Test", "1st", "sono_flow"])
def test_a_stack_that_sagemaker_would_name_otherwise_is_an_error(
    settings_env: pytest.MonkeyPatch, name: str
) -> None:
    settings_env.setenv("STACK_NAME", name)

    with pytest.raises(ConfigurationError, match=f"stack's name is '{name}': must be lower-case"):
        settings.read(settings.Releasing)


def test_more_instances_at_least_than_at_most_are_an_error(
    settings_env: pytest.MonkeyPatch,
) -> None:
    settings_env.setenv("SCALING_MINIMUM", "4")
    assert settings.read(settings.Hosting).scaling_minimum == 4
    settings_env.setenv("SCALING_MINIMUM", "5")

    with pytest.raises(ConfigurationError, match=r"ScalingMinimum is 5, more than .* is 4"):
        settings.read(settings.Hosting)


@pytest.mark.parametrize("text", ["True", "yes", "1"])
def test_anything_else_for_a_truth_is_an_error(settings_env: pytest.MonkeyPatch, text: str) -> None:
    settings_env.setenv("TRAINING_SPOT", text)

    with pytest.raises(ConfigurationError, match=f"TrainingSpot.*'{text}': must be true or false"):
        settings.read(settings.Releasing)


@pytest.mark.parametrize("text", [None, "", "{}"])
def test_staging_has_defaults(settings_env: pytest.MonkeyPatch, text: str | None) -> None:
    if text is None:
        settings_env.delenv("STAGING_OPTIONS")
    else:
        settings_env.setenv("STAGING_OPTIONS", text)

    assert settings.read(settings.Batching) == settings.Batching(50, 32 * 1024 * 1024)
    assert settings.read(settings.Staging) == settings.Staging(16, 3)
    assert settings.read(settings.Splitting) == settings.Splitting(7, 5, False, 5)
    assert settings.read(settings.TableStaging) == settings.TableStaging(7, 10, "plain", 3)


def test_staging_is_as_its_options_say() -> None:
    text = '{"split-seed": 8, "split-stable": true, "split-folds": 10}'

    read = settings.read(settings.Splitting, {"STAGING_OPTIONS": text})

    assert read == settings.Splitting(8, 5, split_stable=True, split_folds=10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"split-sed": 8}',
            "StagingOptions: there is no option 'split-sed'; did you mean split-seed",
        ),
        ('{"split-folds": 1}', "split-folds must be a whole number from 2 to 100, not 1"),
        ('{"split-stable": "true"}', 'split-stable must be true or false, not "true"'),
        ('{"table-features": "squared"}', 'table-features must be "plain" or "engineered"'),
        ('{"minimum-rows-per-class": 9}', "minimum-rows-per-class.*from 10 to 1000000, not 9"),
        ('{"stage-read-attempts": 11}', "stage-read-attempts.*to 10, not 11"),
        ('{"split-seed": true}', "split-seed must be a whole number.*not true"),
        ('{"split-seed": 1, "split-seed": 2}', "StagingOptions is.*twice"),
        ('{"split-seed": NaN}', "StagingOptions is.*NaN"),
        ("[]", "StagingOptions must be a JSON object"),
        ("split-seed=8", "StagingOptions is no JSON"),
    ],
)
def test_options_that_make_no_sense_are_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        settings.read(settings.Splitting, {"STAGING_OPTIONS": text})


def test_an_unknown_hosting_mode_is_an_error(settings_env: pytest.MonkeyPatch) -> None:
    settings_env.setenv("HOSTING_MODE", "async")

    with pytest.raises(ConfigurationError, match="serverless or realtime"):
        settings.read(settings.Hosting)


def test_only_the_weights_may_be_left_empty(settings_env: pytest.MonkeyPatch) -> None:
    settings_env.setenv("PRETRAINED_WEIGHTS_URI", "")

    assert settings.read(settings.Training).pretrained_weights_uri == ""


def test_a_change_of_the_environment_is_seen(settings_env: pytest.MonkeyPatch) -> None:
    settings.read(settings.Classifier)
    settings_env.setenv("CLASSIFIER_EPOCHS", "8")

    assert settings.read(settings.Classifier).classifier_epochs == 8


def test_a_loop_of_no_frames_is_refused(settings_env: pytest.MonkeyPatch) -> None:
    assert settings.read(settings.Predicting).dicom_frames_limit == 16
    settings_env.setenv("DICOM_FRAMES_LIMIT", "0")

    with pytest.raises(ConfigurationError, match="DICOM_FRAMES_LIMIT"):
        settings.read(settings.Predicting)


IMAGES = {"CLASSIFIER_ENDPOINT_NAME": "c", "SEGMENTER_ENDPOINT_NAME": "s"}
TABLES = {"TABLE_ENDPOINT_NAME": "t"}
BELOW = {"REVIEW_BELOW_PROBABILITY": "0.7"}


@pytest.mark.parametrize(
    ("environment", "images", "tables"),
    [
        (IMAGES | BELOW, True, False),
        (TABLES, False, True),
        (IMAGES | BELOW | TABLES, True, True),
    ],
)
def test_what_the_inbox_answers_is_what_endpoints_are_named_for(
    environment: dict[str, str], images: bool, tables: bool
) -> None:
    predicting = settings.read(settings.Predicting, environment)

    assert (predicting.answers_images, predicting.answers_tables) == (images, tables)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "no endpoint is named"),
        (BELOW, "no endpoint is named"),
        (TABLES | {"CLASSIFIER_ENDPOINT_NAME": "c"}, "the other is not"),
        (IMAGES, "REVIEW_BELOW_PROBABILITY is not set"),
    ],
)
def test_a_function_of_the_inbox_that_could_answer_nothing_says_so(
    environment: dict[str, str], message: str
) -> None:
    """Instead of skipping whatever comes."""
    with pytest.raises(ConfigurationError, match=message):
        settings.read(settings.Predicting, environment)
