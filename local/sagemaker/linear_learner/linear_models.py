"""Many linear models as one tensor, so that all of them take a step in one computation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from local.sagemaker.linear_learner.candidates import SEED, Candidate
from local.sagemaker.linear_learner.hyperparameters import Hyperparameters
from local.sagemaker.linear_learner.losses import Loss
from local.sagemaker.linear_learner.optimizers import optimizer_of
from local.sagemaker.linear_learner.schedule import Schedule


class LinearModels:
    """`parameters` has the shape (models, outputs, columns); the last column is the bias, where
    the models have one. All models see the same rows in the same order."""

    def __init__(
        self, settings: Hyperparameters, candidates: Sequence[Candidate], features: int, loss: Loss
    ) -> None:
        self._loss = loss
        self._bias = settings.use_bias
        self.parameters = _initial(settings, len(candidates), features)
        self._optimizer = optimizer_of(settings, self.parameters)
        self._schedule = Schedule.of(settings)
        by_model = {
            name: torch.tensor([getattr(one, name) for one in candidates]).reshape(-1, 1, 1)
            for name in ("learning_rate", "l1", "wd")
        }
        columns = self.parameters.shape[-1]
        self._rate = by_model["learning_rate"] * self._columns(columns, settings.bias_lr_mult, 1)
        self._wd = by_model["wd"] * self._columns(columns, settings.bias_wd_mult, 0)
        self._l1 = by_model["l1"] * self._columns(columns, None, 0)
        self._has_l1 = bool(self._l1.any())
        self._steps = 0

    def inputs(self, vectors: Tensor) -> Tensor:
        """Rows (rows, features) with the bias's column of ones."""
        if not self._bias:
            return vectors
        return torch.cat([vectors, vectors.new_ones(len(vectors), 1)], dim=1)

    def scores(self, inputs: Tensor) -> Tensor:
        """(rows, models, outputs)"""
        models, outputs, columns = self.parameters.shape
        flat = inputs @ self.parameters.reshape(models * outputs, columns).T
        return flat.reshape(-1, models, outputs)

    def step(self, inputs: Tensor, target: Tensor, importance: Tensor | None) -> Tensor:
        """One step on a batch. Returns each row's loss before it, (rows, models).

        `importance` (rows, 1), if given, multiplies the rows' losses.
        """
        scores = self.scores(inputs)
        value, slope = self._loss.value(scores, target), self._loss.slope(scores, target)
        if importance is not None:
            value, slope = value * importance, slope * importance.unsqueeze(-1)
        gradient = (slope.reshape(len(inputs), -1).T @ inputs).reshape(self.parameters.shape)
        gradient.div_(len(inputs)).addcmul_(self.parameters, self._wd)
        rate = self._schedule.rate(self._rate, self._steps)
        self._shrink(self._optimizer.step(self.parameters, gradient, rate))
        self._steps += 1
        return value

    def _shrink(self, scale: Tensor) -> None:
        """The proximal step of the l1 term: towards zero, and no further."""
        if self._has_l1:
            kept = (self.parameters.abs() - scale * self._l1).clamp_(min=0)
            self.parameters.copy_(kept.copysign_(self.parameters))

    def _columns(self, columns: int, bias: float | None, automatic: float) -> Tensor:
        factors = torch.ones(columns)
        if self._bias:
            factors[-1] = automatic if bias is None else bias
        return factors


def _initial(settings: Hyperparameters, models: int, features: int) -> Tensor:
    """All models begin at the same place, so that they differ by their settings alone."""
    generator = torch.Generator().manual_seed(SEED)
    shape = (1, settings.outputs, features)
    if settings.init_method == "normal":
        weights = torch.randn(shape, generator=generator) * settings.init_sigma
    else:
        weights = (torch.rand(shape, generator=generator) * 2 - 1) * settings.init_scale
    if settings.use_bias:
        bias = torch.full((1, settings.outputs, 1), settings.init_bias)
        weights = torch.cat([weights, bias], dim=-1)
    return weights.repeat(models, 1, 1)
