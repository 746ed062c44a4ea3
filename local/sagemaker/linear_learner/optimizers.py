"""Gradient steps for many models at once; each model has a learning rate of its own.

Parameters, gradients and rates have the shape (models, outputs, columns) or broadcast to it.
"""

from __future__ import annotations

import abc

import torch
from torch import Tensor

from local.sagemaker.linear_learner.hyperparameters import Hyperparameters

MOMENTUM = 0.9
BETA_1, BETA_2 = 0.9, 0.999
RMSPROP_DECAY = 0.9
_EPSILON = 1e-8


class Optimizer(abc.ABC):
    """Changes parameters in place."""

    @abc.abstractmethod
    def step(self, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """One step. Returns how far a gradient of one, if it lasted, would move each parameter:
        the measure by which a proximal step has to follow."""


class StochasticGradientDescent(Optimizer):
    def __init__(self, like: Tensor, momentum: float) -> None:
        self._momentum = momentum
        self._velocity = torch.zeros_like(like)

    def step(self, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        self._velocity.mul_(self._momentum).add_(gradient)
        parameters.addcmul_(self._velocity, rate, value=-1)
        return rate / (1 - self._momentum)


class Adam(Optimizer):
    def __init__(self, like: Tensor, beta_1: float, beta_2: float) -> None:
        self._betas = beta_1, beta_2
        self._mean, self._square = torch.zeros_like(like), torch.zeros_like(like)
        self._steps = 0

    def step(self, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        beta_1, beta_2 = self._betas
        self._steps += 1
        self._mean.mul_(beta_1).add_(gradient, alpha=1 - beta_1)
        self._square.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
        # Both averages start at zero; the corrections undo that.
        size = (self._square / (1 - beta_2**self._steps)).sqrt_().add_(_EPSILON)
        scale = rate / size
        parameters.addcmul_(self._mean, scale, value=-1 / (1 - beta_1**self._steps))
        return scale


class RmsProp(Optimizer):
    def __init__(self, like: Tensor) -> None:
        self._square = torch.zeros_like(like)

    def step(self, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        self._square.mul_(RMSPROP_DECAY).addcmul_(gradient, gradient, value=1 - RMSPROP_DECAY)
        scale = rate / self._square.sqrt().add_(_EPSILON)
        parameters.addcmul_(gradient, scale, value=-1)
        return scale


def optimizer_of(settings: Hyperparameters, parameters: Tensor) -> Optimizer:
    """The optimiser that the settings name; `auto` is Adam."""
    if settings.optimizer == "sgd":
        return StochasticGradientDescent(parameters, _or(settings.momentum, MOMENTUM))
    if settings.optimizer == "rmsprop":
        return RmsProp(parameters)
    return Adam(parameters, _or(settings.beta_1, BETA_1), _or(settings.beta_2, BETA_2))


def _or(given: float | None, default: float) -> float:
    return default if given is None else given
