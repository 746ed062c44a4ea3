"""SageMaker's built-in Linear Learner: its hyperparameters, its gate, its figures.

Names, values and metrics:
https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html
https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sonoflow.errors import ConfigurationError, EvaluationUnreadable
from sonoflow.settings import TableTraining

BINARY_CLASSIFIER = "binary_classifier"
MULTICLASS_CLASSIFIER = "multiclass_classifier"
REGRESSOR = "regressor"
LOSSES = {
    BINARY_CLASSIFIER: ("auto", "logistic", "hinge_loss"),
    REGRESSOR: ("auto", "squared_loss", "absolute_loss", "huber_loss", "quantile_loss"),
}
# Built-in algorithms that do not checkpoint wait this long for spot instances, training included:
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
SPOT_SECONDS_LIMIT = 3600
_TEST = "test:"
# What the evaluation calls otherwise; any other metric keeps its name.
_FIGURES = {
    "binary_classification_accuracy": "accuracy",
    "multiclass_accuracy": "accuracy",
    "roc_auc_score": "auc",
}


def predictor_type(settings: TableTraining, classes: int) -> str:
    """More than two classes make a multiclass classifier, whatever the settings say."""
    return settings.table_predictor_type if classes == 2 else MULTICLASS_CLASSIFIER


def hyperparameters(
    settings: TableTraining, shape: tuple[int, int], classes: int
) -> dict[str, str]:
    """As Linear Learner reads them: plain text, not JSON. `shape` is the training split's: rows,
    features.

    Raises ConfigurationError for a loss that the predictor does not know.
    """
    kind = predictor_type(settings, classes)
    rows, features = shape
    # Linear Learner refuses a mini batch that is larger than an instance's share of the rows.
    share = max(1, rows // settings.table_instance_count)
    told = {
        "predictor_type": kind,
        "feature_dim": str(features),
        "mini_batch_size": str(min(settings.table_mini_batch_size, share)),
        "epochs": str(settings.table_epochs),
        "num_models": str(settings.table_models),
        "optimizer": "auto",
        "learning_rate": settings.table_learning_rate,
        "l1": settings.table_l1,
        "wd": settings.table_weight_decay,
        "normalize_data": "true",
    }
    if kind == MULTICLASS_CLASSIFIER:
        return {**told, "loss": "auto", "num_classes": str(classes)}
    if settings.table_loss not in LOSSES.get(kind, ()):
        choices = "; ".join(f"{name}: {', '.join(losses)}" for name, losses in LOSSES.items())
        message = f"no {kind} with the loss {settings.table_loss!r}; there are {choices}"
        raise ConfigurationError(message)
    # No binary_classifier_model_selection_criteria: it is accuracy by default, but once it is
    # named, early stopping follows it instead of the loss and ends the training sooner.
    return {**told, "loss": settings.table_loss}


def gate(settings: TableTraining, classes: int) -> dict[str, dict[str, float]]:
    """What the training job's own figures must reach. A regressor's know no accuracy: it is
    judged by what its endpoint answers, as every table model is."""
    if predictor_type(settings, classes) == REGRESSOR:
        return {}
    return endpoint_gate(settings)


def endpoint_gate(settings: TableTraining) -> dict[str, dict[str, float]]:
    """What the endpoint must reach on the test split."""
    return {"minimum": {"accuracy": settings.minimum_table_accuracy}}


def figures(description: Mapping[str, Any]) -> dict[str, float | None]:
    """The test split's figures in what DescribeTrainingJob answers; undefined ones are None.

    Raises EvaluationUnreadable where there is none at all.
    """
    found = {}
    for metric in description.get("FinalMetricDataList") or []:
        if metric["MetricName"].startswith(_TEST):
            name = metric["MetricName"].removeprefix(_TEST)
            value = float(metric["Value"])
            found[_FIGURES.get(name, name)] = value if math.isfinite(value) else None
    if not found:
        job = description["TrainingJobName"]
        raise EvaluationUnreadable(f"the training job {job} reports no metric of the test split")
    return found
