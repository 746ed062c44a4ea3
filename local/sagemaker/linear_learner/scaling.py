"""Normalisation: features and labels in units of their standard deviation, around their mean."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.dataset import Dataset, Labels, Vectors
from local.sagemaker.linear_learner.hyperparameters import REGRESSOR, Hyperparameters

SAMPLED_ROWS = 10_000  # what mean and deviation are taken from
Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Scaler:
    """`scaled = (raw - mean) / deviation` for the features (features,) and for the label."""

    mean: Floats
    deviation: Floats
    label_mean: float = 0.0
    label_deviation: float = 1.0

    @classmethod
    def measure(cls, train: Dataset, settings: Hyperparameters) -> Scaler:
        """Of the first rows; labels are scaled for a regressor only."""
        vectors = train.vectors[:SAMPLED_ROWS].astype(np.float64)
        mean, deviation = vectors.mean(axis=0), _deviation(vectors)
        if settings.normalize_data is False:
            deviation = np.ones_like(mean)
        if settings.predictor_type != REGRESSOR:
            return cls(mean, deviation)
        labels = train.labels[:SAMPLED_ROWS].astype(np.float64)
        return cls(mean, deviation, float(labels.mean()), float(_deviation(labels)))

    def vectors(self, raw: Vectors) -> Vectors:
        return ((raw - self.mean) / self.deviation).astype(np.float32)

    def labels(self, raw: Labels) -> Labels:
        return ((raw - self.label_mean) / self.label_deviation).astype(np.float32)

    def unscaled(self, weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """The same linear functions for raw features and labels.

        `weights` (…, features) and `bias` (…,).
        """
        raw = weights / self.deviation
        shifted = bias - raw @ self.mean
        return raw * self.label_deviation, shifted * self.label_deviation + self.label_mean


def _deviation(values: Floats) -> Floats:
    """Standard deviation of each column; one where a column is constant."""
    deviation = np.asarray(values.std(axis=0))
    constant = deviation <= 1e-7 * np.abs(values.mean(axis=0))
    return np.where(constant | (deviation == 0), 1.0, deviation)
