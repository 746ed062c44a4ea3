"""A trained linear model: raw features in, scores and labels out. NumPy only: endpoints load it.

As a file it is `model.json`, a format of the laptop's own; the built-in algorithm writes one of
MXNet's, and neither container can read the other's.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.dataset import Scores, Vectors
from local.sagemaker.linear_learner.errors import ArtifactInvalid
from local.sagemaker.linear_learner.hyperparameters import BINARY, REGRESSOR

DOCUMENT = "model.json"
FORMAT = {"format": "sonoflow-linear-learner", "version": 2}
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

    def save(self, directory: Path, training: Mapping[str, Any]) -> None:
        """`training` is kept in the document for whoever reads it."""
        document = {
            **FORMAT,
            "predictor_type": self.predictor_type,
            "loss": self.loss,
            "threshold": self.threshold,
            "bias": self.bias.tolist(),
            "weights": self.weights.tolist(),
            "training": dict(training),
        }
        (directory / DOCUMENT).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Raises ArtifactInvalid, saying what is wrong with the directory."""
        try:
            document = json.loads((directory / DOCUMENT).read_text(encoding="utf-8"))
            if any(document[name] != value for name, value in FORMAT.items()):
                raise ArtifactInvalid(
                    f"{DOCUMENT} says {document['format']!r}, version {document['version']!r}; "
                    f"known is {FORMAT['format']!r}, version {FORMAT['version']!r}."
                )
            bias = np.array(document["bias"], np.float64)
            return cls(
                predictor_type=str(document["predictor_type"]),
                loss=str(document["loss"]),
                weights=np.array(document["weights"], np.float64).reshape(len(bias), -1),
                bias=bias,
                threshold=document["threshold"],
            )
        except FileNotFoundError as error:
            raise ArtifactInvalid(f"The model archive holds no {DOCUMENT}.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactInvalid(f"The model archive is damaged: {error!r}") from error


def _sigmoid(linear: Scores) -> Scores:
    decayed = np.exp(-np.abs(linear))  # never overflows
    return np.asarray(np.where(linear >= 0, 1.0, decayed) / (1 + decayed))


def _softmax(linear: Scores) -> Scores:
    grown = np.exp(linear - linear.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))
