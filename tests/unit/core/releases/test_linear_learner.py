from __future__ import annotations

import json
from typing import Any

import pytest

from sonoflow.errors import ConfigurationError
from sonoflow.releases import linear_learner


def told(rows: int = 455, classes: int = 2, **given: Any) -> dict[str, str]:
    """What Linear Learner is told when the stack's parameter says so."""
    parameter = linear_learner.given(json.dumps(given))
    return linear_learner.hyperparameters(parameter, 30, rows, classes)


def test_the_notebooks_configuration_is_one_of_the_parameter_alone() -> None:
    """SageMaker's WDBC notebook: a regressor with absolute loss."""
    found = told(predictor_type="regressor", loss="absolute_loss", epochs=10)

    expected = {
        "predictor_type": "regressor",
        "loss": "absolute_loss",
        "epochs": "10",
        "mini_batch_size": "100",
        "num_models": "32",
        "feature_dim": "30",
    }
    assert expected.items() <= found.items()
    assert "binary_classifier_model_selection_criteria" not in found


@pytest.mark.parametrize(("rows", "size"), [(455, "100"), (100, "100"), (64, "64"), (0, "1")])
def test_a_mini_batch_is_no_larger_than_an_instances_share_of_the_rows(
    rows: int, size: str
) -> None:
    assert told(rows)["mini_batch_size"] == size


@pytest.mark.parametrize("kind", ["binary_classifier", "regressor"])
def test_more_than_two_classes_are_classified_whatever_the_parameter_says(kind: str) -> None:
    found = told(classes=3, predictor_type=kind)

    assert found["predictor_type"] == "multiclass_classifier"
    assert (found["num_classes"], found["loss"]) == ("3", "auto")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"predictor_type": "regressor", "loss": "logistic"},
            "loss must be auto or squared_loss.*for a regressor, not logistic",
        ),
        ({"loss": "absolute_loss"}, "logistic or hinge_loss for a binary_classifier, not absol"),
        ({"predictor_type": "guesser"}, 'predictor_type must be "binary_classifier" or.*"guesser"'),
        ({"mini_batch": 8}, "'mini_batch'; did you mean mini_batch_size"),
        ({"learning_rate": "fast"}, 'learning_rate must be "auto" or a number above 0, not "fast"'),
        ({"learning_rate": True}, "learning_rate must be.*not true"),
        ({"l1": -1}, "l1 must be.*not -1"),
        ({"num_models": 2.5}, "num_models must be .*a whole number from 1 to 1000, not 2.5"),
        ({"feature_dim": 30}, "'feature_dim'"),
    ],
)
def test_what_linear_learner_would_not_take_is_refused_by_name(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"TableHyperparameters: .*{message}"):
        told(**given)


def test_what_concerns_one_loss_is_said_to_that_alone() -> None:
    huber = told(predictor_type="regressor", loss="huber_loss", huber_delta=2)
    assert huber["huber_delta"] == "2"
    assert not {"huber_delta", "quantile"} & told().keys()
    several = told(classes=3, predictor_type="regressor", loss="quantile_loss")
    assert not {"huber_delta", "quantile"} & several.keys()


def test_numbers_are_told_as_text() -> None:
    assert told(learning_rate=0.01, l1=0)["learning_rate"] == "0.01"
    assert told(wd="auto")["wd"] == "auto"
