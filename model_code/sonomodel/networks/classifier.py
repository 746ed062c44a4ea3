"""`build_classifier` for all families of networks: [batch, 1, height, width] -> logits."""

from __future__ import annotations

import dataclasses

from torch import nn

from sonomodel.errors import ArgumentsError
from sonomodel.networks.efficientnet_lite import SIZES, EfficientNetLite
from sonomodel.networks.resnet import RESNETS, ResNetConfig, build_resnet

ARCHITECTURES = (*RESNETS, *SIZES)


@dataclasses.dataclass(frozen=True)
class ClassifierConfig:
    architecture: str  # one of ARCHITECTURES
    classes: int


def build_classifier(config: ClassifierConfig) -> nn.Module:
    """[batch, 1, height, width] -> logits [batch, classes]. Raises ArgumentsError."""
    if config.architecture in SIZES:
        return EfficientNetLite(config.architecture, config.classes)
    if config.architecture in RESNETS:
        return build_resnet(ResNetConfig(config.architecture, config.classes))
    known = ", ".join(ARCHITECTURES)
    raise ArgumentsError(f"unknown architecture {config.architecture!r}: choose one of {known}")
