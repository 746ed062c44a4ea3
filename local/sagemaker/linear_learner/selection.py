"""Which of the trained models is kept, and with which threshold."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.calibration import Calibration, calibrate
from local.sagemaker.linear_learner.dataset import Labels
from local.sagemaker.linear_learner.hyperparameters import BINARY, Hyperparameters

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Choice:
    model: int
    threshold: float | None


def by_criterion(settings: Hyperparameters) -> bool:
    """Whether thresholds and models are compared by a criterion, not by the loss."""
    return settings.predictor_type == BINARY and settings.criterion != "loss_function"


def choose(scores: Floats, labels: Labels, losses: Floats, settings: Hyperparameters) -> Choice:
    """The best of all models by linear scores (rows, models) and losses (models,); one with an
    infinite loss is none.

    By a criterion, the first model wins among those that are within one row of the best: on few
    rows such a difference is luck, and the first is the one that was asked for. `scores` is only
    looked at for a criterion.
    """
    losses = np.where(np.isfinite(losses), losses, np.inf)
    if not by_criterion(settings):
        threshold = 0.0 if settings.predictor_type == BINARY else None
        return Choice(int(losses.argmin()), threshold)
    calibrations = calibrate_all(scores, labels, settings)
    values = np.array([one.value if one else -np.inf for one in calibrations])
    values[~np.isfinite(losses)] = -np.inf
    chosen = int(np.flatnonzero(values >= values.max() - 1 / len(labels) - 1e-12)[0])
    calibration = calibrations[chosen]
    return Choice(chosen, calibration.threshold if calibration else 0.0)


def calibrate_all(
    scores: Floats, labels: Labels, settings: Hyperparameters
) -> Sequence[Calibration | None]:
    """The calibration of each model by its scores (rows, models); None for one that diverged."""
    return [
        calibrate(one, labels, settings) if np.isfinite(one).all() else None for one in scores.T
    ]
