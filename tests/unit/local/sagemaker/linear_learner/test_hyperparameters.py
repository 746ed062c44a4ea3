"""Names, defaults and ranges, and what is said of values that are not valid."""

from __future__ import annotations

import pytest

from local.sagemaker.linear_learner.errors import CustomerError
from local.sagemaker.linear_learner.hyperparameters import (
    SCHEMA,
    WITHOUT_EFFECT,
    Hyperparameters,
    parse,
)

# What the built-in container logs as its default configuration, and `init_scale` as documented.
LOGGED_DEFAULTS = {
    "epochs": 15,
    "mini_batch_size": 1000,
    "normalize_data": True,
    "use_bias": True,
    "use_lr_scheduler": True,
    "init_method": "uniform",
    "init_scale": 0.07,
    "init_sigma": 0.01,
    "init_bias": 0.0,
    "early_stopping_patience": 3,
    "early_stopping_tolerance": 0.001,
    "num_point_for_scaler": 10000,
    "binary_classifier_model_selection_criteria": "accuracy",
    "target_recall": 0.8,
    "target_precision": 0.8,
    "f_beta": 1.0,
    "positive_example_weight_mult": 1.0,
    "accuracy_top_k": 3,
    "quantile": 0.5,
    "margin": 1.0,
    "loss_insensitivity": 0.01,
    "huber_delta": 1.0,
}
AUTOMATIC = """
feature_dim num_models loss optimizer learning_rate wd l1 momentum beta_1 beta_2 bias_lr_mult
bias_wd_mult lr_scheduler_step lr_scheduler_factor lr_scheduler_minimum_lr normalize_label
unbias_data unbias_label num_calibration_samples
"""


def binary(**given: str) -> Hyperparameters:
    return parse({"predictor_type": "binary_classifier", **given})


def test_the_defaults_are_those_of_the_container() -> None:
    settings = binary()

    assert {name: getattr(settings, name) for name in LOGGED_DEFAULTS} == LOGGED_DEFAULTS
    assert [name for name in AUTOMATIC.split() if getattr(settings, name) is not None] == []


def test_every_documented_default_can_be_given_as_text() -> None:
    given = {n: known.default for n, known in SCHEMA.items() if known.default is not None}

    assert binary(**given).mini_batch_size == 1000


def test_the_notebooks_configuration() -> None:
    settings = parse(
        {
            "predictor_type": "regressor",
            "loss": "absolute_loss",
            "epochs": "10",
            "mini_batch_size": "100",
            "num_models": "32",
            "feature_dim": "30",
        }
    )

    assert (settings.loss_name, settings.epochs, settings.num_models) == ("absolute_loss", 10, 32)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"predictor_type": "regressor", "epoch": "3"},
            "Additional hyperparameters are not allowed ('epoch' was unexpected)",
        ),
        (
            {"epochs": "3"},
            "No value(s) were specified for 'predictor_type' which are required hyperparameter(s)",
        ),
        (
            {"predictor_type": "classifier"},
            "The value 'classifier' is not valid for the 'predictor_type' hyperparameter which "
            "accepts one of the following: 'binary_classifier', 'multiclass_classifier', "
            "'regressor'",
        ),
        (
            {"predictor_type": "multiclass_classifier"},
            "No value(s) were specified for 'num_classes' which are required hyperparameter(s)",
        ),
    ],
)
def test_errors_read_as_those_of_the_built_in_algorithms(
    given: dict[str, str], message: str
) -> None:
    with pytest.raises(CustomerError) as raised:
        parse(given)

    assert str(raised.value) == f"{message} (caused by ValidationError)"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", "0"),
        ("epochs", "1.5"),
        ("epochs", "auto"),
        ("mini_batch_size", ""),
        ("mini_batch_size", '"100"'),
        ("num_models", "-1"),
        ("learning_rate", "0"),
        ("learning_rate", "nan"),
        ("learning_rate", "inf"),
        ("wd", "-0.1"),
        ("l1", "none"),
        ("momentum", "1"),
        ("beta_1", "1.0"),
        ("quantile", "1"),
        ("target_recall", "0"),
        ("lr_scheduler_factor", "1"),
        ("use_bias", "auto"),
        ("normalize_data", "yes"),
        ("optimizer", "adagrad"),
        ("loss", "squared_loss"),
        ("loss", "softmax_loss"),
        ("positive_example_weight_mult", "auto"),
        ("positive_example_weight_mult", "0"),
        ("binary_classifier_model_selection_criteria", "auc"),
        ("num_classes", "1000001"),
        ("early_stopping_tolerance", "0"),
    ],
)
def test_values_out_of_range_are_named(name: str, value: str) -> None:
    with pytest.raises(CustomerError) as raised:
        binary(**{name: value})

    assert f"The value '{value}' is not valid for the '{name}' hyperparameter" in str(raised.value)


def test_multiclass_has_neither_two_classes_nor_a_hinge() -> None:
    multiclass = {"predictor_type": "multiclass_classifier", "num_classes": "3"}

    with pytest.raises(CustomerError, match=r"'num_classes'.*at least 3"):
        parse({**multiclass, "num_classes": "2"})
    with pytest.raises(CustomerError, match="'auto', 'softmax_loss'"):
        parse({**multiclass, "loss": "hinge_loss"})


@pytest.mark.parametrize("text", ["true", "True", "TRUE"])
def test_flags_may_be_written_as_python_does(text: str) -> None:
    assert binary(use_bias=text).use_bias is True
    assert binary(use_bias=text.replace("rue", "RUE")).use_bias is True


def test_a_tuning_job_trains_one_model() -> None:
    assert binary(num_models="32", _tuning_objective_metric="test:recall").num_models == 1
    assert binary(num_models="32", _tuning_objective_metric="").num_models == 32


def test_the_containers_internal_settings_are_taken_without_effect() -> None:
    assert binary(**dict.fromkeys(WITHOUT_EFFECT, "auto")) == binary(
        **dict.fromkeys(WITHOUT_EFFECT, "auto")
    )
    changed = binary(**dict.fromkeys(WITHOUT_EFFECT, "anything"))
    assert {n: getattr(changed, n) for n in SCHEMA} == {n: getattr(binary(), n) for n in SCHEMA}


@pytest.mark.parametrize(
    ("given", "criterion", "beta"),
    [
        ({"binary_classifier_model_selection_criteria": "f1", "f_beta": "2"}, "f_beta", 1.0),
        ({"binary_classifier_model_selection_criteria": "f_beta", "f_beta": "2"}, "f_beta", 2.0),
        (
            {"binary_classifier_model_selection_criteria": "cross_entropy_loss"},
            "loss_function",
            1.0,
        ),
    ],
)
def test_the_sdks_older_names_of_criteria(
    given: dict[str, str], criterion: str, beta: float
) -> None:
    settings = binary(**given)

    assert (settings.criterion, settings.beta) == (criterion, beta)
