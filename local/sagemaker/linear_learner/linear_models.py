"""Many linear models as one tensor, so that all of them take a step in one computation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from local.sagemaker.linear_learner.candidates import SEED, Candidate
from local.sagemaker.linear_learner.losses import Loss

# Adam, and a learning rate that falls, with the numbers that the built-in algorithm logs.
BETA_1, BETA_2 = 0.9, 0.999
RATE_STEP, RATE_FACTOR, RATE_MINIMUM = 100, 0.99, 1e-5
INITIAL_SCALE = 0.07
_EPSILON = 1e-8


class LinearModels:
    """`parameters` has the shape (models, outputs, columns); the last column is the bias. All
    models see the same rows in the same order."""

    def __init__(
        self, candidates: Sequence[Candidate], outputs: int, features: int, loss: Loss
    ) -> None:
        self._loss = loss
        self.parameters = _initial(len(candidates), outputs, features)
        self._optimizer = Adam(self.parameters)
        by_model = {
            name: torch.tensor([getattr(one, name) for one in candidates]).reshape(-1, 1, 1)
            for name in ("learning_rate", "l1", "wd")
        }
        penalised = torch.ones(features + 1)
        penalised[-1] = 0  # all but the bias
        self._rate = by_model["learning_rate"]
        self._wd, self._l1 = by_model["wd"] * penalised, by_model["l1"] * penalised
        self._has_l1 = bool(self._l1.any())
        self._steps = 0

    @staticmethod
    def inputs(vectors: Tensor) -> Tensor:
        """Rows (rows, features) with the bias's column of ones."""
        return torch.cat([vectors, vectors.new_ones(len(vectors), 1)], dim=1)

    def scores(self, inputs: Tensor) -> Tensor:
        """(rows, models, outputs)"""
        models, outputs, columns = self.parameters.shape
        flat = inputs @ self.parameters.reshape(models * outputs, columns).T
        return flat.reshape(-1, models, outputs)

    def step(self, inputs: Tensor, target: Tensor) -> Tensor:
        """One step on a batch. Returns each row's loss before it, (rows, models)."""
        scores = self.scores(inputs)
        slope = self._loss.slope(scores, target)
        gradient = (slope.reshape(len(inputs), -1).T @ inputs).reshape(self.parameters.shape)
        gradient.div_(len(inputs)).addcmul_(self.parameters, self._wd)
        rate = falling(self._rate, self._steps)
        self._shrink(self._optimizer.step(self.parameters, gradient, rate))
        self._steps += 1
        return self._loss.value(scores, target)

    def _shrink(self, scale: Tensor) -> None:
        """The proximal step of the l1 term: towards zero, and no further."""
        if self._has_l1:
            kept = (self.parameters.abs() - scale * self._l1).clamp_(min=0)
            self.parameters.copy_(kept.copysign_(self.parameters))


class Adam:
    """Parameters, gradients and rates have the shape (models, outputs, columns) or broadcast to
    it: each model has a learning rate of its own."""

    def __init__(self, like: Tensor) -> None:
        self._mean, self._square = torch.zeros_like(like), torch.zeros_like(like)
        self._steps = 0

    def step(self, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """Changes the parameters in place. Returns how far a gradient of one, if it lasted, would
        move each parameter: the measure by which a proximal step has to follow."""
        self._steps += 1
        self._mean.mul_(BETA_1).add_(gradient, alpha=1 - BETA_1)
        self._square.mul_(BETA_2).addcmul_(gradient, gradient, value=1 - BETA_2)
        # Both averages start at zero; the corrections undo that.
        size = (self._square / (1 - BETA_2**self._steps)).sqrt_().add_(_EPSILON)
        scale = rate / size
        parameters.addcmul_(self._mean, scale, value=-1 / (1 - BETA_1**self._steps))
        return scale


def falling(initial: Tensor, steps: int) -> Tensor:
    """The learning rates after `steps` steps. The minimum bounds them from below, but never raises
    one that began below it."""
    times = steps // RATE_STEP
    if times == 0:
        return initial
    floor = initial.clamp(max=RATE_MINIMUM)
    return (initial * RATE_FACTOR**times).maximum(floor)


def _initial(models: int, outputs: int, features: int) -> Tensor:
    """All models begin at the same place, so that they differ by their settings alone."""
    generator = torch.Generator().manual_seed(SEED)
    weights = (torch.rand((1, outputs, features), generator=generator) * 2 - 1) * INITIAL_SCALE
    return torch.cat([weights, torch.zeros(1, outputs, 1)], dim=-1).repeat(models, 1, 1)
