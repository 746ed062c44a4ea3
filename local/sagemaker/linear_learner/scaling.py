"""Normalisation: features and labels in units of their standard deviation, around their mean."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.dataset import Dataset, Labels, Vectors
from local.sagemaker.linear_learner.hyperparameters import REGRESSOR, Hyperparameters

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Scaler:
    """`scaled = (raw - mean) / deviation` for the features (features,) and for the label."""

    mean: Floats
    deviation: Floats
    label_mean: float
    label_deviation: float

    @classmethod
    def measure(cls, train: Dataset, settings: Hyperparameters) -> Scaler:
        """Mean and deviation of the first `num_point_for_scaler` rows, as the settings ask."""
        sample = train.first(settings.num_point_for_scaler)
        vectors, labels = sample.vectors.astype(np.float64), sample.labels.astype(np.float64)
        regression = settings.predictor_type == REGRESSOR
        unbias_data = _or(settings.unbias_data, settings.use_bias)
        normalize_label = regression and _or(settings.normalize_label, True)
        # An offset of the label needs a bias to take it back.
        unbias_label = regression and settings.use_bias and _or(settings.unbias_label, True)
        mean, deviation = vectors.mean(axis=0), _deviation(vectors)
        return cls(
            mean=mean if unbias_data else np.zeros_like(mean),
            deviation=deviation if _or(settings.normalize_data, True) else np.ones_like(mean),
            label_mean=float(labels.mean()) if unbias_label else 0.0,
            label_deviation=float(_deviation(labels)) if normalize_label else 1.0,
        )

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


def _or(given: bool | None, default: bool) -> bool:
    return default if given is None else given


def _deviation(values: Floats) -> Floats:
    """Standard deviation of each column; one where a column is constant."""
    deviation = np.asarray(values.std(axis=0))
    constant = deviation <= 1e-7 * np.abs(values.mean(axis=0))
    return np.where(constant | (deviation == 0), 1.0, deviation)
