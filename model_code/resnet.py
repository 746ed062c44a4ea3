"""The classifiers: torchvision's ResNets for one grey channel, [batch, 1, height, width],
normalised as `preprocessing` says.
`pretrained` fits the weights of three-channel networks to that.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from torch import nn

from errors import ArgumentsError
from torchvision_guard import load_torchvision

RESNETS = ("resnet18", "resnet50", "resnet101")


@dataclasses.dataclass(frozen=True)
class ResNetConfig:
    architecture: str  # one of RESNETS
    classes: int


def build_resnet(config: ResNetConfig) -> nn.Module:
    """ResNet (He et al., 2016): [batch, 1, height, width] -> logits [batch, classes]."""
    if config.architecture not in RESNETS:
        raise ArgumentsError(
            f"unknown architecture {config.architecture!r}: choose one of {', '.join(RESNETS)}"
        )
    models = load_torchvision().models
    network: Any = getattr(models, config.architecture)(weights=None, num_classes=config.classes)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    built: nn.Module = network
    return built
