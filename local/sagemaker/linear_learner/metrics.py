"""What a trained model is worth on a channel: the measures that Linear Learner logs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import (
    accuracy_score,
    mean_absolute_error,
    mean_squared_error,
    precision_recall_fscore_support,
    roc_auc_score,
)

from local.sagemaker.linear_learner.dataset import Dataset
from local.sagemaker.linear_learner.hyperparameters import BINARY, REGRESSOR, Hyperparameters
from local.sagemaker.linear_learner.losses import loss_of
from local.sagemaker.linear_learner.model import Model

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
LOSS, SCORE = "loss", "score"
Measure = tuple[str, str, float]  # name, whether it is a loss or a score, value
TOP = 3  # of a multiclass classifier: how many of the best scores may hold the right class


def measure(model: Model, data: Dataset, settings: Hyperparameters) -> list[Measure]:
    """The objective and the measures of the model's kind; a regressor's in units of the label."""
    linear = model.linear(data.vectors)
    loss = loss_of(settings)
    scores = torch.from_numpy(linear).unsqueeze(1)
    target = loss.target(torch.from_numpy(data.labels.astype(np.float64)))
    objective = float(loss.value(scores, target).mean())
    return [(loss.objective, LOSS, objective), *_measures(model, linear, data)]


def _measures(model: Model, linear: Floats, data: Dataset) -> Iterator[Measure]:
    predictions = model.predict(data.vectors)
    if model.predictor_type == REGRESSOR:
        labels = data.labels.astype(np.float64)
        yield "mse", LOSS, float(mean_squared_error(labels, predictions.scores))
        yield "absolute_loss", LOSS, float(mean_absolute_error(labels, predictions.scores))
        return
    assert predictions.labels is not None  # noqa: S101 - a classifier's
    true = data.labels.astype(np.int64)
    if model.predictor_type == BINARY:
        yield from _binary(linear[:, 0], predictions.labels, true)
    else:
        yield from _multiclass(predictions.scores, predictions.labels, true)


def _binary(scores: Floats, predicted: Integers, true: Integers) -> Iterator[Measure]:
    precision, recall, f_score = _precision_recall_f(true, predicted, "binary")
    yield "binary_classification_accuracy", SCORE, float(accuracy_score(true, predicted))
    yield "binary_f_1.000", SCORE, f_score
    yield "precision", SCORE, precision
    yield "recall", SCORE, recall
    if true.any() and not true.all():
        yield "roc_auc_score", SCORE, float(roc_auc_score(true, scores))


def _multiclass(scores: Floats, predicted: Integers, true: Integers) -> Iterator[Measure]:
    of_true = scores[np.arange(len(true)), true]
    rank = (scores > of_true[:, np.newaxis]).sum(axis=1)  # 0: no class scores higher
    precision, recall, f_score = _precision_recall_f(true, predicted, "macro")
    yield "multiclass_accuracy", SCORE, float(accuracy_score(true, predicted))
    yield f"multiclass_top_k_accuracy_{TOP}", SCORE, float((rank < TOP).mean())
    yield "dcg", SCORE, float((1 / np.log2(2 + rank)).mean())
    yield "macro_recall", SCORE, recall
    yield "macro_precision", SCORE, precision
    yield "macro_f_1.000", SCORE, f_score


def _precision_recall_f(
    true: Integers, predicted: Integers, average: str
) -> tuple[float, float, float]:
    """Over the classes that occur among the labels where there are several; 0 for 0 of 0."""
    classes = None if average == "binary" else np.unique(true)
    precision, recall, f_score, _support = precision_recall_fscore_support(
        true, predicted, labels=classes, average=average, zero_division=0
    )
    return float(precision), float(recall), float(f_score)
