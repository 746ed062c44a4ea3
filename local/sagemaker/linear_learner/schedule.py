"""The learning rate over the steps: every so many steps it is multiplied by a factor."""

from __future__ import annotations

import dataclasses

from torch import Tensor

from local.sagemaker.linear_learner.hyperparameters import Hyperparameters

AUTO_STEP, AUTO_FACTOR, AUTO_MINIMUM = 100, 0.99, 1e-5  # as the built-in algorithm logs them


@dataclasses.dataclass(frozen=True)
class Schedule:
    """`minimum` bounds the rate from below, but never raises one that began below it."""

    step: int
    factor: float
    minimum: float

    @classmethod
    def of(cls, settings: Hyperparameters) -> Schedule:
        if not settings.use_lr_scheduler:
            return cls(step=1, factor=1.0, minimum=0.0)
        return cls(
            step=settings.lr_scheduler_step or AUTO_STEP,
            factor=settings.lr_scheduler_factor or AUTO_FACTOR,
            minimum=settings.lr_scheduler_minimum_lr or AUTO_MINIMUM,
        )

    def rate(self, initial: Tensor, steps: int) -> Tensor:
        """The learning rates after `steps` steps."""
        times = steps // self.step
        if times == 0 or self.factor == 1:
            return initial
        floor = initial.clamp(max=self.minimum)
        return (initial * self.factor**times).maximum(floor)
