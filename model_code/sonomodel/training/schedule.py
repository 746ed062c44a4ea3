"""How long a network trains, and how fast it learns at each step."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch.optim.lr_scheduler import LambdaLR

WARM_UP = 0.08  # share of all steps over which the learning rate rises


@dataclasses.dataclass(frozen=True)
class Schedule:
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int  # epochs without improvement after which training stops
    ema_decay: float = 0.0  # of the weights' moving average; 0: the weights themselves


def learning_rate_schedule(optimizer: torch.optim.Optimizer, steps: int) -> LambdaLR:
    """Over `steps` steps in all, from and to nothing; the optimizer's own rate is the highest."""
    warm_up = max(1, round(WARM_UP * steps))
    return LambdaLR(optimizer, lambda step: learning_rate_factor(step, steps, warm_up))


def learning_rate_factor(step: int, steps: int, warm_up: int) -> float:
    """Rises linearly over `warm_up` steps, then falls to 0 along half a cosine."""
    if step < warm_up:
        return (step + 1) / (warm_up + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, steps - warm_up))))
