"""torchvision's ResNets for one grey channel, [batch, 1, height, width],
normalised as `preprocessing` says.
`pretrained` fits the weights of three-channel networks to that.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from sonomodel.errors import ArgumentsError
from sonomodel.networks import backbones
from sonomodel.networks.torchvision_guard import load_torchvision

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


class LesionAwareLogits(NamedTuple):
    classes: Tensor  # [batch, classes]
    mask: Tensor  # [batch, 1, height / 4, width / 4]


class LesionAware(nn.Module):
    """A classifier that in training also says where the lesion is, from the features that it tells
    the classes by. Few images teach more that way: each of their pixels has something to say. What
    is served is `classifier` alone.

    [batch, 1, height, width] -> LesionAwareLogits in training, otherwise logits [batch, classes].
    """

    classifier: Any

    def __init__(self, classifier: nn.Module, width: int = 64) -> None:
        super().__init__()
        self.classifier = classifier
        # Feature pyramid (Lin et al., 2017): coarse levels know what it is, fine ones where. The
        # finest, at half the image's size, would cost more than all others.
        self.lateral = nn.ModuleList(
            nn.Conv2d(inputs, width, kernel_size=1)
            for inputs in reversed(backbones.widths(classifier)[1:])
        )
        self.classify_pixels = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 1, kernel_size=3, padding=1),
        )

    def forward(self, images: Tensor) -> Tensor | LesionAwareLogits:
        network = self.classifier
        if not self.training:
            logits: Tensor = network(images)
            return logits
        levels = backbones.levels(network, images)[1:]
        return LesionAwareLogits(backbones.classify(network, levels[-1]), self._mask(levels[::-1]))

    def _mask(self, levels: list[Tensor]) -> Tensor:
        """From features, coarse to fine."""
        joined = self.lateral[0](levels[0])
        for lateral, features in zip(self.lateral[1:], levels[1:], strict=True):
            finer = lateral(features)
            joined = finer + functional.interpolate(joined, size=finer.shape[-2:])
        mask: Tensor = self.classify_pixels(joined)
        return mask
