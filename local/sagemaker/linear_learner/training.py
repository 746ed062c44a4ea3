"""Linear Learner's method: every candidate is trained in one pass over the data, as one tensor.

settings = hyperparameters.parse({"predictor_type": "binary_classifier"})
fitted = training.fit(settings, train, validation)
fitted.model.predict(vectors)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from local.sagemaker.linear_learner import checks, selection
from local.sagemaker.linear_learner.candidates import Candidate, candidates_of
from local.sagemaker.linear_learner.course import Course
from local.sagemaker.linear_learner.dataset import Dataset, Labels, Scores
from local.sagemaker.linear_learner.errors import CustomerError
from local.sagemaker.linear_learner.hyperparameters import Hyperparameters
from local.sagemaker.linear_learner.importance import importance_of
from local.sagemaker.linear_learner.linear_models import LinearModels
from local.sagemaker.linear_learner.losses import Loss, loss_of
from local.sagemaker.linear_learner.model import Model
from local.sagemaker.linear_learner.scaling import Scaler

SAMPLED_ROWS = 10_000  # what a criterion is followed by from epoch to epoch
_SCORES_AT_ONCE = 4_000_000


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What is known after an epoch; losses (models,), in units of the scaled label."""

    number: int  # from 0
    of: int
    train_losses: Tensor
    validation_losses: Tensor | None
    objective: str  # the loss's name
    monitored: str  # what early stopping looks at: the objective or a criterion
    value: float  # of the best model; greater is better for a criterion, smaller for a loss
    improved: bool


@dataclasses.dataclass(frozen=True)
class Fitted:
    """The chosen model, the candidate that it was, and how many epochs all of them took."""

    model: Model
    candidate: Candidate
    epochs: int


def fit(
    settings: Hyperparameters,
    train: Dataset,
    validation: Dataset | None = None,
    *,
    report: Callable[[Epoch], None] = lambda epoch: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Fitted:
    """Train all candidates and return the best, by `validation` if given, else by `train`.

    `report` is called after each epoch; once `stopped` says so, training ends after the epoch
    under way. Rows are taken in the order given. The result depends on the arguments alone: the
    seed is fixed. Raises CustomerError for data that do not fit the settings.
    """
    features = settings.feature_dim or train.features
    checks.check("train", train, settings, features)
    checks.check_batch(train, settings)
    if validation is not None:
        checks.check("validation", validation, settings, features)
    return _Training(settings, train, validation).run(report, stopped)


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Scaled rows as tensors: inputs (rows, columns), labels (rows,)."""

    inputs: Tensor
    labels: Tensor
    raw_labels: Labels


class _Training:
    def __init__(
        self, settings: Hyperparameters, train: Dataset, validation: Dataset | None
    ) -> None:
        self._settings = settings
        self._scaler = Scaler.measure(train, settings)
        self._loss: Loss = loss_of(settings)
        self._candidates = candidates_of(settings)
        self._models = LinearModels(settings, self._candidates, train.features, self._loss)
        self._train = self._rows(train)
        self._importance = importance_of(train.labels, settings)
        self._validation = None if validation is None else self._rows(validation)
        self._course = Course(self._models.parameters, settings)
        # Only a criterion that was asked for is followed; the default decides at the end.
        asked = "binary_classifier_model_selection_criteria" in settings.given
        self._by_criterion = (
            asked and selection.by_criterion(settings) and self._validation is not None
        )

    def run(self, report: Callable[[Epoch], None], stopped: Callable[[], bool]) -> Fitted:
        epochs = 0
        while epochs < self._settings.epochs and not self._course.finished:
            report(self._epoch(epochs))
            epochs += 1
            if stopped():
                break
        return self._choose(epochs)

    def _epoch(self, number: int) -> Epoch:
        train_losses = self._pass()
        validation_losses = None
        if self._validation is not None:
            validation_losses = self._losses(self._validation)
        losses = train_losses if validation_losses is None else validation_losses
        name, followed = self._loss.objective, losses
        if self._by_criterion:
            name, followed = f"sampled_{self._settings.criterion}", -self._criterion()
        improved = self._course.add(self._models.parameters, losses, followed)
        value = float(followed.nan_to_num(torch.inf).min())
        return Epoch(
            number=number,
            of=self._settings.epochs,
            train_losses=train_losses,
            validation_losses=validation_losses,
            objective=self._loss.objective,
            monitored=name,
            value=-value if self._by_criterion else value,
            improved=improved,
        )

    def _pass(self) -> Tensor:
        """One pass over the training data. Mean losses (models,), as they were on the way."""
        size, total = self._settings.mini_batch_size, torch.zeros(len(self._candidates))
        for start in range(0, len(self._train.inputs), size):
            part = slice(start, start + size)
            target = self._loss.target(self._train.labels[part])
            importance = None if self._importance is None else self._importance[part]
            total += self._models.step(self._train.inputs[part], target, importance).sum(dim=0)
        return total / len(self._train.inputs)

    def _losses(self, rows: _Rows) -> Tensor:
        """Mean losses (models,) with the parameters as they are."""
        total = torch.zeros(len(self._candidates), dtype=torch.float64)
        size = max(1, _SCORES_AT_ONCE // (len(self._candidates) * self._settings.outputs))
        for start in range(0, len(rows.inputs), size):
            part = slice(start, start + size)
            scores = self._models.scores(rows.inputs[part])
            total += self._loss.value(scores, self._loss.target(rows.labels[part])).sum(dim=0)
        return (total / len(rows.inputs)).to(torch.float32)

    def _criterion(self) -> Tensor:
        """What each model is worth with its best threshold, on some of the validation data."""
        scores, labels = self._calibration_scores(SAMPLED_ROWS)
        calibrations = selection.calibrate_all(scores, labels, self._settings)
        return torch.tensor([one.value if one else -torch.inf for one in calibrations])

    def _calibration_scores(self, limit: int | None) -> tuple[Scores, Labels]:
        rows = self._validation or self._train
        part = slice(limit)
        scores = self._models.scores(rows.inputs[part])[..., 0]
        return scores.numpy().astype(np.float64), rows.raw_labels[part]

    def _choose(self, epochs: int) -> Fitted:
        self._models.parameters = self._course.parameters
        losses = self._losses(self._validation or self._train).numpy().astype(np.float64)
        # One that never came to a finite loss still has the parameters that it began with.
        losses[~self._course.losses.isfinite().numpy()] = np.inf
        if not np.isfinite(losses).any():
            raise CustomerError(
                "The loss of every model became infinite. Lower learning_rate, or normalise the "
                "data (normalize_data)."
            )
        scores, labels = np.empty((0, 0)), np.empty(0, np.float32)
        if selection.by_criterion(self._settings):
            scores, labels = self._calibration_scores(self._settings.num_calibration_samples)
        choice = selection.choose(scores, labels, losses, self._settings)
        parameters = self._course.parameters[choice.model].numpy().astype(np.float64)
        weights, bias = parameters, np.zeros(len(parameters))
        if self._settings.use_bias:
            weights, bias = parameters[:, :-1], parameters[:, -1]
        weights, bias = self._scaler.unscaled(weights, bias)
        model = Model(
            predictor_type=self._settings.predictor_type,
            loss=self._settings.loss_name,
            weights=weights,
            bias=bias,
            threshold=choice.threshold,
        )
        return Fitted(model, self._candidates[choice.model], epochs)

    def _rows(self, data: Dataset) -> _Rows:
        inputs = self._models.inputs(torch.from_numpy(self._scaler.vectors(data.vectors)))
        return _Rows(inputs, torch.from_numpy(self._scaler.labels(data.labels)), data.labels)
