"""The networks: torchvision's ResNet as classifier, a U-Net as segmenter.

Both take one grey channel, [batch, 1, height, width], normalised as `preprocessing` says.
`pretrained` fits the weights of three-channel networks to that.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from errors import ArgumentsError
from torchvision_guard import load_torchvision

RESNETS = ("resnet18", "resnet50", "resnet101")


@dataclasses.dataclass(frozen=True)
class ResNetConfig:
    architecture: str  # one of RESNETS
    classes: int


@dataclasses.dataclass(frozen=True)
class UNetConfig:
    base_channels: int = 32  # width of the first level; it doubles with every level
    depth: int = 4  # number of times the resolution is halved


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


class DoubleConvolution(nn.Sequential):
    """Two 3x3 convolutions, each with batch normalisation and ReLU; keeps height and width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Down(nn.Module):
    """Halves the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolve = DoubleConvolution(inputs, outputs)

    def forward(self, features: Tensor) -> Tensor:
        convolved: Tensor = self.convolve(functional.max_pool2d(features, 2))
        return convolved


class Up(nn.Module):
    """Doubles the resolution and joins what the contracting path saw there."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.enlarge = nn.ConvTranspose2d(inputs, outputs, kernel_size=2, stride=2)
        self.convolve = DoubleConvolution(2 * outputs, outputs)

    def forward(self, features: Tensor, skipped: Tensor) -> Tensor:
        joined = torch.cat([skipped, self.enlarge(features)], dim=1)
        convolved: Tensor = self.convolve(joined)
        return convolved


class UNet(nn.Module):
    """U-Net (Ronneberger et al., 2015) with padding and batch normalisation.

    [batch, 1, height, width] -> lesion logits [batch, 1, height, width]; any height and width.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        if config.base_channels < 1 or config.depth < 1:
            raise ArgumentsError(f"a U-Net needs at least one channel and one level, not {config}")
        widths = [config.base_channels * 2**level for level in range(config.depth + 1)]
        steps = list(itertools.pairwise(widths))
        self.stride = 2**config.depth
        self.enter = DoubleConvolution(1, widths[0])
        self.contract = nn.ModuleList(Down(fine, coarse) for fine, coarse in steps)
        self.expand = nn.ModuleList(Up(coarse, fine) for fine, coarse in reversed(steps))
        self.classify = nn.Conv2d(widths[0], 1, kernel_size=1)
        # Lesions cover a few per cent of an image: start from that, not from one half.
        nn.init.constant_(self.classify.bias, -2.0)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        features = self.enter(self._pad(images))
        skipped = []
        for down in self.contract:
            skipped.append(features)
            features = down(features)
        for up in self.expand:
            features = up(features, skipped.pop())
        logits: Tensor = self.classify(features)
        return logits[..., :height, :width]

    def _pad(self, images: Tensor) -> Tensor:
        """Right and below, to what `depth` halvings divide without a rest."""
        height, width = images.shape[-2:]
        return functional.pad(images, (0, -width % self.stride, 0, -height % self.stride))
