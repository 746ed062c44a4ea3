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
        settings_env.delenv("SPLIT_SEED")
    else:
        settings_env.setenv("SPLIT_SEED", value)

    with pytest.raises(ConfigurationError, match="SPLIT_SEED is not set"):
        settings.read(settings.Splitting)


def test_a_value_that_is_no_number_is_an_error_that_shows_it(
    settings_env: pytest.MonkeyPatch,
) -> None:
    settings_env.setenv("SPLIT_SEED", "seven")

    with pytest.raises(ConfigurationError, match="SPLIT_SEED is 'seven': must be a int"):
        settings.read(settings.Splitting)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("", False)])
def test_splits_are_stable_only_if_it_is_asked_for(
    settings_env: pytest.MonkeyPatch, text: str, value: bool
) -> None:
    """As CloudFormation writes the parameter; `bool("false")` would be true."""
    settings_env.setenv("SPLIT_STABLE", text)

    assert settings.read(settings.Splitting).split_stable is value


@pytest.mark.parametrize("text", ["True", "yes", "1"])
def test_anything_else_for_a_truth_is_an_error(settings_env: pytest.MonkeyPatch, text: str) -> None:
    settings_env.setenv("SPLIT_STABLE", text)

    with pytest.raises(ConfigurationError, match=f"SPLIT_STABLE is '{text}': must be a bool"):
        settings.read(settings.Splitting)


def test_the_number_of_folds_is_read_and_two_at_least(settings_env: pytest.MonkeyPatch) -> None:
    settings_env.setenv("SPLIT_FOLDS", "10")
    assert settings.read(settings.Splitting).split_folds == 10

    settings_env.setenv("SPLIT_FOLDS", "1")
    with pytest.raises(ConfigurationError, match="SPLIT_FOLDS is 1: must be 2 or more"):
        settings.read(settings.Splitting)


def test_staging_reads_and_uploads_as_the_environment_says(
    settings_env: pytest.MonkeyPatch,
) -> None:
    settings_env.setenv("STAGE_UPLOADS_AT_ONCE", "4")
    settings_env.setenv("STAGE_READ_ATTEMPTS", "7")

    staging = settings.read(settings.Staging)

    assert (staging.stage_uploads_at_once, staging.stage_read_attempts) == (4, 7)


def test_an_unknown_hosting_mode_is_an_error(settings_env: pytest.MonkeyPatch) -> None:
    settings_env.setenv("HOSTING_MODE", "async")

    with pytest.raises(ConfigurationError, match="serverless or realtime"):
        settings.read(settings.Hosting)


def test_only_the_weights_may_be_left_empty(settings_env: pytest.MonkeyPatch) -> None:
    settings_env.setenv("PRETRAINED_WEIGHTS_URI", "")

    assert settings.read(settings.Training).pretrained_weights_uri == ""


def test_a_change_of_the_environment_is_seen(settings_env: pytest.MonkeyPatch) -> None:
    settings.read(settings.Splitting)
    settings_env.setenv("SPLIT_SEED", "8")

    assert settings.read(settings.Splitting).split_seed == 8


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("TABLE_FEATURES", "squared", "TABLE_FEATURES is 'squared': must be plain or engineered"),
        ("MINIMUM_ROWS_PER_CLASS", "9", "MINIMUM_ROWS_PER_CLASS is 9: must be 10 or more"),
    ],
)
def test_settings_of_tables_are_checked(
    settings_env: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    assert settings.read(settings.TableStaging).table_features == "plain"
    settings_env.setenv(variable, value)

    with pytest.raises(ConfigurationError, match=message):
        settings.read(settings.TableStaging)
