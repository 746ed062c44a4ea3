"""What a trained model is worth on a channel: the measures that Linear Learner logs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from local.sagemaker.linear_learner.dataset import Dataset
from local.sagemaker.linear_learner.hyperparameters import BINARY, REGRESSOR, Hyperparameters
from local.sagemaker.linear_learner.losses import loss_of
from local.sagemaker.linear_learner.model import Model

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
LOSS, SCORE = "loss", "score"
Measure = tuple[str, str, float]  # name, whether it is a loss or a score, value


def measure(model: Model, data: Dataset, settings: Hyperparameters) -> list[Measure]:
    """The objective and the measures of the model's kind; a regressor's in units of the label."""
    linear = model.linear(data.vectors)
    loss = loss_of(settings)
    scores = torch.from_numpy(linear).unsqueeze(1)
    target = loss.target(torch.from_numpy(data.labels.astype(np.float64)))
    objective = float(loss.value(scores, target).mean())
    return [(loss.objective, LOSS, objective), *_measures(model, linear, data, settings)]


def _measures(
    model: Model, linear: Floats, data: Dataset, settings: Hyperparameters
) -> Iterator[Measure]:
    predictions = model.predict(data.vectors)
    labels = data.labels.astype(np.float64)
    if settings.predictor_type == REGRESSOR:
        error = predictions.scores - labels
        yield "mse", LOSS, float(np.square(error).mean())
        yield "absolute_loss", LOSS, float(np.abs(error).mean())
        return
    assert predictions.labels is not None  # noqa: S101 - a classifier's
    if settings.predictor_type == BINARY:
        yield from _binary(linear[:, 0], predictions.labels, labels > 0, settings.beta)
    else:
        yield from _multiclass(predictions.scores, predictions.labels, labels, settings)


def _binary(
    scores: Floats, predicted: Integers, positive: npt.NDArray[np.bool_], beta: float
) -> Iterator[Measure]:
    found = predicted == 1
    hits = float((found & positive).sum())
    precision, recall = _ratio(hits, found.sum()), _ratio(hits, positive.sum())
    yield "binary_classification_accuracy", SCORE, float((found == positive).mean())
    yield f"binary_f_{beta:.3f}", SCORE, f_beta(precision, recall, beta)
    yield "precision", SCORE, precision
    yield "recall", SCORE, recall
    if positive.any() and not positive.all():
        yield "roc_auc_score", SCORE, roc_auc(scores, positive)


def _multiclass(
    scores: Floats, predicted: Integers, labels: Floats, settings: Hyperparameters
) -> Iterator[Measure]:
    true = labels.astype(np.int64)
    of_true = scores[np.arange(len(true)), true]
    rank = (scores > of_true[:, np.newaxis]).sum(axis=1)  # 0: no class scores higher
    recalls, precisions = _by_class(predicted, true)
    beta = settings.beta
    f_scores = [f_beta(p, r, beta) for p, r in zip(precisions, recalls, strict=True)]
    top = settings.accuracy_top_k
    yield "multiclass_accuracy", SCORE, float((predicted == true).mean())
    yield f"multiclass_top_k_accuracy_{top}", SCORE, float((rank < top).mean())
    yield "dcg", SCORE, float((1 / np.log2(2 + rank)).mean())
    yield "macro_recall", SCORE, float(np.mean(recalls))
    yield "macro_precision", SCORE, float(np.mean(precisions))
    yield f"macro_f_{beta:.3f}", SCORE, float(np.mean(f_scores))


def _by_class(predicted: Integers, true: Integers) -> tuple[list[float], list[float]]:
    """Recall and precision of each class that occurs among the labels."""
    recalls, precisions = [], []
    for one in np.unique(true):
        hits = float(((predicted == one) & (true == one)).sum())
        recalls.append(_ratio(hits, (true == one).sum()))
        precisions.append(_ratio(hits, (predicted == one).sum()))
    return recalls, precisions


def f_beta(precision: float, recall: float, beta: float) -> float:
    return _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)


def roc_auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """The area under the ROC curve of scores (rows,), where both classes occur."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    _values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # tied scores share their mean rank
    total = float(ranks[inverse][positive].sum())
    return (total - positives * (positives + 1) / 2) / (positives * negatives)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
