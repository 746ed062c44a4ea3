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

from local.sagemaker.linear_learner import dataset, selection
from local.sagemaker.linear_learner.candidates import Candidate, candidates_of
from local.sagemaker.linear_learner.dataset import Dataset, Labels
from local.sagemaker.linear_learner.errors import CustomerError
from local.sagemaker.linear_learner.hyperparameters import BINARY, Hyperparameters
from local.sagemaker.linear_learner.linear_models import LinearModels
from local.sagemaker.linear_learner.losses import loss_of
from local.sagemaker.linear_learner.model import Model
from local.sagemaker.linear_learner.scaling import Scaler
from local.sagemaker.linear_learner.selection import Choice

PATIENCE = 3  # epochs without progress
TOLERANCE = 0.001  # what counts as progress: relative to the loss that began the wait
_SCORES_AT_ONCE = 4_000_000


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What is known after an epoch; losses (models,), in units of the scaled label."""

    number: int  # from 0
    of: int
    train_losses: Tensor
    validation_losses: Tensor | None
    objective: str  # the loss's name
    value: float  # what early stopping looks at: the loss of the best model
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
    patience: int = PATIENCE,
    report: Callable[[Epoch], None] = lambda epoch: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Fitted:
    """Train all candidates and return the best, by `validation` if given, else by `train`.

    `report` is called after each epoch; once `stopped` says so, training ends after the epoch
    under way. Rows are taken in the order given. The result depends on the arguments alone: the
    seed is fixed. Raises CustomerError for data that do not fit the settings.
    """
    features = settings.feature_dim or train.features
    dataset.check("train", train, settings, features)
    dataset.check_batch(train, settings)
    if validation is not None:
        dataset.check("validation", validation, settings, features)
    return _Training(settings, train, validation, patience).run(report, stopped)


class BestEpochs:
    """`parameters` are those of each model's own best epoch, `losses` (models,) what they reached.

    Each model is judged by itself, so that those that learn fast do not end the slow ones.
    """

    def __init__(self, parameters: Tensor, patience: int) -> None:
        self._patience = patience
        self.parameters = parameters.clone()
        self.losses = torch.full((len(parameters),), torch.inf)
        self._reached = self.losses.clone()
        self._waited = torch.zeros(len(parameters))

    def add(self, parameters: Tensor, losses: Tensor) -> bool:
        """Take in an epoch's parameters and losses (models,). Whether any model improved."""
        better = losses < self.losses
        self.losses = torch.where(better, losses, self.losses)
        self.parameters = torch.where(better.reshape(-1, 1, 1), parameters, self.parameters)
        progress = self._reached - losses > TOLERANCE * self._reached.abs()
        progress |= self._reached.isinf() & losses.isfinite()
        self._reached = torch.where(progress, losses, self._reached)
        self._waited = torch.where(progress, 0.0, self._waited + 1)
        return bool(better.any())

    @property
    def last(self) -> bool:
        """Whether no model has made progress for too long."""
        return bool((self._waited >= self._patience).all())


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Scaled rows as tensors: inputs (rows, columns), labels (rows,)."""

    inputs: Tensor
    labels: Tensor
    raw_labels: Labels


class _Training:
    def __init__(
        self,
        settings: Hyperparameters,
        train: Dataset,
        validation: Dataset | None,
        patience: int,
    ) -> None:
        self._settings = settings
        self._scaler = Scaler.measure(train, settings)
        self._loss = loss_of(settings)
        self._candidates = candidates_of(settings)
        self._models = LinearModels(self._candidates, settings.outputs, train.features, self._loss)
        self._train = self._rows(train)
        self._validation = None if validation is None else self._rows(validation)
        self._best = BestEpochs(self._models.parameters, patience)

    def run(self, report: Callable[[Epoch], None], stopped: Callable[[], bool]) -> Fitted:
        epochs = 0
        while epochs < self._settings.epochs and not self._best.last:
            report(self._epoch(epochs))
            epochs += 1
            if stopped():
                break
        choice = self._choose()
        return Fitted(self._model(choice), self._candidates[choice.model], epochs)

    def _epoch(self, number: int) -> Epoch:
        train_losses = self._pass()
        validation_losses = None
        if self._validation is not None:
            validation_losses = self._losses(self._validation)
        losses = train_losses if validation_losses is None else validation_losses
        improved = self._best.add(self._models.parameters, losses)
        return Epoch(
            number=number,
            of=self._settings.epochs,
            train_losses=train_losses,
            validation_losses=validation_losses,
            objective=self._loss.objective,
            value=float(losses.nan_to_num(torch.inf).min()),
            improved=improved,
        )

    def _pass(self) -> Tensor:
        """One pass over the training data. Mean losses (models,), as they were on the way."""
        size, total = self._settings.mini_batch_size, torch.zeros(len(self._candidates))
        for start in range(0, len(self._train.inputs), size):
            part = slice(start, start + size)
            target = self._loss.target(self._train.labels[part])
            total += self._models.step(self._train.inputs[part], target).sum(dim=0)
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

    def _choose(self) -> Choice:
        """The best candidate with the parameters of its best epoch, which all models get."""
        self._models.parameters = self._best.parameters
        rows = self._validation or self._train
        losses = self._losses(rows).numpy().astype(np.float64)
        # One that never came to a finite loss still has the parameters that it began with.
        losses[~self._best.losses.isfinite().numpy()] = np.inf
        if not np.isfinite(losses).any():
            raise CustomerError(
                "The loss of every model became infinite. Lower learning_rate, or normalise the "
                "data (normalize_data)."
            )
        if self._settings.predictor_type != BINARY:
            return selection.by_loss(losses)
        scores = self._models.scores(rows.inputs)[..., 0].numpy().astype(np.float64)
        return selection.by_accuracy(scores, rows.raw_labels, losses)

    def _model(self, choice: Choice) -> Model:
        parameters = self._best.parameters[choice.model].numpy().astype(np.float64)
        weights, bias = self._scaler.unscaled(parameters[:, :-1], parameters[:, -1])
        return Model(
            predictor_type=self._settings.predictor_type,
            loss=self._settings.loss_name,
            weights=weights,
            bias=bias,
            threshold=choice.threshold,
        )

    def _rows(self, data: Dataset) -> _Rows:
        inputs = self._models.inputs(torch.from_numpy(self._scaler.vectors(data.vectors)))
        return _Rows(inputs, torch.from_numpy(self._scaler.labels(data.labels)), data.labels)
