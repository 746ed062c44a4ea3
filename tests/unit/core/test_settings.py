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
