"""A trained linear model: raw features in, scores and labels out. NumPy only: endpoints load it."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.dataset import Scores, Vectors
from local.sagemaker.linear_learner.hyperparameters import BINARY, REGRESSOR

Integers = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Predictions:
    """`scores` (rows,), or (rows, classes) of a multiclass classifier; `labels` (rows,), None of a
    regressor."""

    scores: Scores
    labels: Integers | None


@dataclasses.dataclass(frozen=True)
class Model:
    """`weights` (outputs, features) and `bias` (outputs,) in float64, for features as they come.

    `threshold` is that of a binary classifier, on the linear score: a row at it is positive.
    """

    predictor_type: str
    loss: str
    weights: Scores
    bias: Scores
    threshold: float | None = None

    @property
    def features(self) -> int:
        return int(self.weights.shape[1])

    def linear(self, vectors: Vectors) -> Scores:
        """(rows, outputs)"""
        return np.asarray(vectors.astype(np.float64) @ self.weights.T + self.bias)

    def predict(self, vectors: Vectors) -> Predictions:
        """Answers for rows (rows, features).

        Scores are probabilities for the losses logistic and softmax, the distance from the
        separating plane in units of the margin for hinge, and the prediction for a regressor.
        """
        linear = self.linear(vectors)
        if self.predictor_type == REGRESSOR:
            return Predictions(linear[:, 0], None)
        if self.predictor_type == BINARY:
            positive = linear[:, 0] >= (self.threshold or 0.0)
            scores = _sigmoid(linear[:, 0]) if self.loss == "logistic" else linear[:, 0]
            return Predictions(scores, positive.astype(np.int64))
        return Predictions(_softmax(linear), linear.argmax(axis=1).astype(np.int64))


def _sigmoid(linear: Scores) -> Scores:
    decayed = np.exp(-np.abs(linear))  # never overflows
    return np.asarray(np.where(linear >= 0, 1.0, decayed) / (1 + decayed))


def _softmax(linear: Scores) -> Scores:
    grown = np.exp(linear - linear.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))
