"""Measures against scikit-learn's."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn import metrics as reference

from local.sagemaker.linear_learner import metrics
from local.sagemaker.linear_learner.dataset import Dataset
from local.sagemaker.linear_learner.hyperparameters import parse
from local.sagemaker.linear_learner.log import metric_definitions
from local.sagemaker.linear_learner.model import Model

GENERATOR = np.random.default_rng(0)
# Few distinct values, so that scores tie.
VECTORS = GENERATOR.integers(-4, 5, (300, 2)).astype(np.float32)


def measured(model: Model, labels: np.ndarray, **given: str) -> dict[str, float]:
    settings = parse({"predictor_type": model.predictor_type, **given})
    data = Dataset(VECTORS, labels.astype(np.float32))
    return {name: value for name, _kind, value in metrics.measure(model, data, settings)}


def test_a_binary_classifiers_measures() -> None:
    model = Model("binary_classifier", "logistic", np.array([[1.0, 0.5]]), np.array([0.2]), 0.7)
    labels = (VECTORS.sum(axis=1) + GENERATOR.normal(0, 2, 300) > 0).astype(int)

    found = measured(model, labels)

    scores = model.predict(VECTORS).scores
    predicted = model.linear(VECTORS)[:, 0] >= 0.7
    assert found == pytest.approx(
        {
            "binary_classification_cross_entropy_objective": reference.log_loss(labels, scores),
            "binary_classification_accuracy": reference.accuracy_score(labels, predicted),
            "binary_f_1.000": reference.f1_score(labels, predicted),
            "precision": reference.precision_score(labels, predicted),
            "recall": reference.recall_score(labels, predicted),
            "roc_auc_score": reference.roc_auc_score(labels, scores),
        }
    )


def test_one_class_alone_has_no_roc_curve() -> None:
    model = Model("binary_classifier", "logistic", np.array([[1.0, 0.5]]), np.array([0.2]), 0.0)

    assert "roc_auc_score" not in measured(model, np.zeros(300))


def test_a_regressors_measures() -> None:
    model = Model("regressor", "huber_loss", np.array([[1.0, 0.5]]), np.array([0.2]))
    labels = VECTORS.sum(axis=1) + GENERATOR.normal(0, 2, 300)

    found = measured(model, labels, loss="huber_loss")

    predicted, single = model.predict(VECTORS).scores, labels.astype(np.float32)
    assert found["mse"] == pytest.approx(reference.mean_squared_error(single, predicted))
    expected = reference.mean_absolute_error(single, predicted)
    assert found["absolute_loss"] == pytest.approx(expected)
    assert found["huber_loss_objective"] < found["absolute_loss"]


def test_a_multiclass_classifiers_measures() -> None:
    weights = np.array([[1.0, 0], [0, 1], [-1, -1], [0.1, 0.1]])
    model = Model("multiclass_classifier", "softmax_loss", weights, np.array([0.0, 0, 0, 1]))
    labels = GENERATOR.integers(0, 4, 300)

    found = measured(model, labels, num_classes="4")

    answers = model.predict(VECTORS)
    assert answers.labels is not None
    macro = {"average": "macro", "zero_division": 0}
    assert found["multiclass_cross_entropy_objective"] == pytest.approx(
        reference.log_loss(labels, answers.scores)
    )
    assert found["multiclass_accuracy"] == pytest.approx((answers.labels == labels).mean())
    expected = reference.recall_score(labels, answers.labels, **macro)
    assert found["macro_recall"] == pytest.approx(expected)
    expected = reference.precision_score(labels, answers.labels, **macro)
    assert found["macro_precision"] == pytest.approx(expected)
    expected = reference.f1_score(labels, answers.labels, **macro)
    assert found["macro_f_1.000"] == pytest.approx(expected)
    assert found["multiclass_accuracy"] < found["multiclass_top_k_accuracy_3"] < 1
    assert found["multiclass_accuracy"] < found["dcg"] < 1


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (
            "#quality_metric: host=algo-1, epoch=3, train mse_objective <loss>=0.5",
            {"train:objective_loss"},
        ),
        (
            "#quality_metric: host=algo-1, epoch=3, validation mse_objective <loss>=0.5",
            {"validation:objective_loss"},
        ),
        (
            "#quality_metric: host=algo-1, validation mse_objective <loss>=0.5",
            {"validation:objective_loss:final"},
        ),
        (
            "#quality_metric: host=algo-1, test absolute_loss_objective <loss>=0.5",
            {"test:objective_loss"},
        ),
        ("#quality_metric: host=algo-1, test absolute_loss <loss>=0.5", {"test:absolute_loss"}),
        ("#quality_metric: host=algo-1, test binary_f_1.000 <score>=0.5", {"test:binary_f_beta"}),
        ("#progress_metric: host=algo-1, completed 0.5 % of epochs", {"train:progress"}),
    ],
)
def test_definitions_read_each_line_once(line: str, names: set[str]) -> None:
    matches = {one["Name"]: re.search(one["Regex"], line) for one in metric_definitions()}

    assert {name: float(match[1]) for name, match in matches.items() if match} == dict.fromkeys(
        names, 0.5
    )
