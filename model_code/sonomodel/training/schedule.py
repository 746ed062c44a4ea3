"""How long a network trains, and how fast it learns at each step."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from sonomodel.networks.backbones import encoder_parameters

WARM_UP = 0.08  # share of all steps over which the learning rate rises


@dataclasses.dataclass(frozen=True)
class Schedule:
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int  # epochs without improvement after which training stops
    ema_decay: float = 0.0  # of the weights' moving average; 0: the weights themselves
    encoder_rate: float = 1.0  # share of the learning rate for the encoder


def parameter_groups(network: nn.Module, schedule: Schedule) -> list[dict[str, Any]]:
    """For an optimizer: what learns at the whole rate, then the encoder, if it has its own."""
    encoder = encoder_parameters(network) if schedule.encoder_rate < 1 else []
    slower = set(map(id, encoder))
    rest = [parameter for parameter in network.parameters() if id(parameter) not in slower]
    rate = schedule.learning_rate
    groups = [{"params": rest, "lr": rate}]
    return [*groups, {"params": encoder, "lr": rate * schedule.encoder_rate}] if encoder else groups


def learning_rate_schedule(optimizer: torch.optim.Optimizer, steps: int) -> LambdaLR:
    """Over `steps` steps in all, from and to nothing; the optimizer's own rate is the highest."""
    warm_up = max(1, round(WARM_UP * steps))
    return LambdaLR(optimizer, lambda step: learning_rate_factor(step, steps, warm_up))


def learning_rate_factor(step: int, steps: int, warm_up: int) -> float:
    """Rises linearly over `warm_up` steps, then falls to 0 along half a cosine."""
    if step < warm_up:
        return (step + 1) / (warm_up + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, steps - warm_up))))
