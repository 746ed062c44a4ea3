from __future__ import annotations

from typing import Any

import pytest

from sonoflow import settings
from sonoflow.errors import ConfigurationError, EvaluationUnreadable
from sonoflow.releases import linear_learner


def training(environment: pytest.MonkeyPatch, **changes: str) -> settings.TableTraining:
    for name, value in changes.items():
        environment.setenv(name.upper(), value)
    return settings.read(settings.TableTraining)


def test_the_notebooks_configuration_is_one_of_parameters_alone(
    settings_env: pytest.MonkeyPatch,
) -> None:
    """SageMaker's WDBC notebook: a regressor with absolute loss."""
    read = training(
        settings_env,
        table_predictor_type="regressor",
        table_loss="absolute_loss",
        table_epochs="10",
    )

    told = linear_learner.hyperparameters(read, shape=(455, 30), classes=2)

    expected = {
        "predictor_type": "regressor",
        "loss": "absolute_loss",
        "epochs": "10",
        "mini_batch_size": "100",
        "num_models": "32",
        "feature_dim": "30",
    }
    assert expected.items() <= told.items()
    assert "binary_classifier_model_selection_criteria" not in told


@pytest.mark.parametrize(
    ("rows", "instances", "size"),
    [(455, "1", "100"), (100, "1", "100"), (64, "1", "64"), (455, "6", "75"), (2, "3", "1")],
)
def test_a_mini_batch_is_no_larger_than_an_instances_share_of_the_rows(
    settings_env: pytest.MonkeyPatch, rows: int, instances: str, size: str
) -> None:
    read = training(settings_env, table_instance_count=instances)

    told = linear_learner.hyperparameters(read, shape=(rows, 30), classes=2)

    assert told["mini_batch_size"] == size


@pytest.mark.parametrize("kind", ["binary_classifier", "regressor"])
def test_more_than_two_classes_are_classified_whatever_the_settings_say(
    settings_env: pytest.MonkeyPatch, kind: str
) -> None:
    read = training(settings_env, table_predictor_type=kind)

    told = linear_learner.hyperparameters(read, shape=(120, 4), classes=3)

    assert told["predictor_type"] == "multiclass_classifier"
    assert (told["num_classes"], told["loss"]) == ("3", "auto")
    assert linear_learner.gate(read, 3) == {"minimum": {"accuracy": 0.9}}


@pytest.mark.parametrize(
    ("kind", "loss"),
    [("regressor", "logistic"), ("binary_classifier", "absolute_loss"), ("guesser", "auto")],
)
def test_a_loss_of_another_predictor_is_an_error_that_names_those_there_are(
    settings_env: pytest.MonkeyPatch, kind: str, loss: str
) -> None:
    read = training(settings_env, table_predictor_type=kind, table_loss=loss)

    with pytest.raises(ConfigurationError, match=rf"{kind}.*{loss}.*squared_loss"):
        linear_learner.hyperparameters(read, shape=(120, 4), classes=2)


def test_a_regressors_own_figures_know_no_accuracy_but_its_endpoint_is_judged(
    settings_env: pytest.MonkeyPatch,
) -> None:
    read = training(settings_env, table_predictor_type="regressor")

    assert linear_learner.gate(read, 2) == {}
    assert linear_learner.endpoint_gate(read) == {"minimum": {"accuracy": 0.9}}


def metrics(**values: float) -> dict[str, Any]:
    """DescribeTrainingJob's answer, as far as figures go; `test_mse` is `test:mse`."""
    return {
        "TrainingJobName": "sonoflow-table-1",
        "FinalMetricDataList": [
            {"MetricName": name.replace("_", ":", 1), "Value": value, "Timestamp": 0}
            for name, value in values.items()
        ],
    }


def test_figures_are_those_of_the_test_split_under_the_evaluations_names() -> None:
    description = metrics(
        train_objective_loss=0.3,
        validation_binary_classification_accuracy=1.0,
        test_binary_classification_accuracy=0.96,
        test_roc_auc_score=0.99,
        test_recall=0.9,
        test_objective_loss=float("nan"),
    )

    assert linear_learner.figures(description) == {
        "accuracy": 0.96,
        "auc": 0.99,
        "recall": 0.9,
        "objective_loss": None,
    }


def test_a_multiclass_accuracy_is_an_accuracy() -> None:
    assert linear_learner.figures(metrics(test_multiclass_accuracy=0.5)) == {"accuracy": 0.5}


@pytest.mark.parametrize(
    "description", [metrics(train_mse=0.1), {"TrainingJobName": "sonoflow-table-1"}]
)
def test_a_job_that_was_not_tested_is_an_error_that_names_it(description: dict[str, Any]) -> None:
    with pytest.raises(EvaluationUnreadable, match="sonoflow-table-1"):
        linear_learner.figures(description)
