"""How training goes, model by model: the best parameters so far, and when to end."""

from __future__ import annotations

import torch
from torch import Tensor

from local.sagemaker.linear_learner.hyperparameters import Hyperparameters


class Course:
    """Each model is judged by itself, so that those that learn fast do not end the slow ones.

    `parameters` are those of each model's own best epoch, `losses` (models,) what they reached.
    """

    def __init__(self, parameters: Tensor, settings: Hyperparameters) -> None:
        self._patience = settings.early_stopping_patience
        self._tolerance = settings.early_stopping_tolerance
        self.parameters = parameters.clone()
        self.losses = torch.full((len(parameters),), torch.inf)
        self._reached = self.losses.clone()
        self._waited = torch.zeros(len(parameters))

    def add(self, parameters: Tensor, losses: Tensor, followed: Tensor) -> bool:
        """Take in an epoch's parameters, losses and what patience follows, both (models,) and
        better when smaller. Whether the loss of any model improved."""
        better = losses < self.losses
        self.losses = torch.where(better, losses, self.losses)
        self.parameters = torch.where(better.reshape(-1, 1, 1), parameters, self.parameters)
        # Patience looks at progress worth the name: relative to the value that began the wait.
        progress = self._reached - followed > self._tolerance * self._reached.abs()
        progress |= self._reached.isinf() & followed.isfinite()
        self._reached = torch.where(progress, followed, self._reached)
        self._waited = torch.where(progress, 0.0, self._waited + 1)
        return bool(better.any())

    @property
    def finished(self) -> bool:
        return bool((self._waited >= self._patience).all())
