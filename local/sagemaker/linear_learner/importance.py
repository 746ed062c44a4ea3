"""How much each row counts in training, by its class."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from local.sagemaker.linear_learner.dataset import Labels
from local.sagemaker.linear_learner.hyperparameters import BINARY, MULTICLASS, Hyperparameters


def importance_of(labels: Labels, settings: Hyperparameters) -> Tensor | None:
    """A weight per row, (rows, 1); None where all rows count the same."""
    if settings.predictor_type == BINARY and settings.positive_example_weight_mult != 1:
        return _column(np.where(labels > 0, _positive_weight(labels, settings), 1.0))
    if settings.predictor_type == MULTICLASS and settings.balance_multiclass_weights:
        counts = np.bincount(labels.astype(np.int64), minlength=settings.num_classes)
        weights = len(labels) / (settings.num_classes * np.maximum(1, counts))
        return _column(weights[labels.astype(np.int64)])
    return None


def _positive_weight(labels: Labels, settings: Hyperparameters) -> float:
    given = settings.positive_example_weight_mult
    if isinstance(given, float):
        return given
    positives = int((labels > 0).sum())  # balanced: both classes weigh the same
    return (len(labels) - positives) / max(1, positives)


def _column(weights: np.ndarray) -> Tensor:
    return torch.from_numpy(weights.astype(np.float32)).reshape(-1, 1)
