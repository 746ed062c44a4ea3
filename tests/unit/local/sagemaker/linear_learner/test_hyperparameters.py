"""Names, defaults and ranges, and what is said of values that are not valid."""

from __future__ import annotations

import pytest

from local.sagemaker.linear_learner.errors import CustomerError
from local.sagemaker.linear_learner.hyperparameters import (
    ELSEWHERE,
    SCHEMA,
    Hyperparameters,
    parse,
)

# What the built-in container logs as its default configuration.
LOGGED_DEFAULTS = {
    "epochs": 15,
    "mini_batch_size": 1000,
    "normalize_data": True,
    "quantile": 0.5,
    "huber_delta": 1.0,
}
AUTOMATIC = "feature_dim num_models loss optimizer learning_rate wd l1"


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
        ("quantile", "1"),
        ("quantile", "auto"),
        ("huber_delta", "-1"),
        ("normalize_data", "yes"),
        ("optimizer", "adagrad"),
        ("loss", "squared_loss"),
        ("loss", "softmax_loss"),
        ("num_classes", "1000001"),
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
    assert binary(normalize_data=text).normalize_data is True


def test_what_only_linear_learner_itself_knows_is_named() -> None:
    """Given what is right on AWS, then the error is not that of a typing error."""
    with pytest.raises(CustomerError) as raised:
        binary(momentum="0.9", epochs="3")
    assert str(raised.value).startswith(
        "Linear Learner has the hyperparameter(s) 'momentum', but the laptop's does not know them; "
        "it knows 'predictor_type', 'feature_dim', "
    )

    with pytest.raises(CustomerError) as raised:
        binary(optimizer="sgd")
    assert str(raised.value) == (
        "The value 'sgd' of the 'optimizer' hyperparameter is Linear Learner's, but the laptop's "
        "does not know it: it accepts one of the following: 'adam', or 'auto' (caused by "
        "ValidationError)"
    )


def test_no_name_is_both_known_and_not() -> None:
    assert not {*ELSEWHERE} & {*SCHEMA}
