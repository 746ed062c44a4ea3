"""The U-Net after the paper.

One grey channel in, [batch, 1, height, width], normalised as `preprocessing` says.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from sonomodel.errors import ArgumentsError


@dataclasses.dataclass(frozen=True)
class UNetConfig:
    base_channels: int = 32  # width of the first level; it doubles with every level
    depth: int = 4  # number of times the resolution is halved
    encoder: str = "plain"  # the contracting path; with a ResNet, width and depth are the ResNet's
    presence: bool = False  # a head that says whether there is a lesion at all

    @property
    def architecture(self) -> str:
        return "unet" if self.encoder == "plain" else f"{self.encoder}_unet"


class LesionLogits(NamedTuple):
    mask: Tensor  # [batch, 1, height, width]
    presence: Tensor | None  # [batch]; None without the head

    def detached(self) -> LesionLogits:
        """Mask and presence, float32, on the CPU."""
        presence = None if self.presence is None else self.presence.float().cpu()
        return LesionLogits(self.mask.float().cpu(), presence)


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


class PresenceHead(nn.Module):
    """Is there a lesion? From the coarsest features: their mean tells of the tissue, their maximum
    of a small place in it. [batch, channels, height, width] -> logits [batch]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.classify = nn.Linear(2 * channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        pooled = torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)
        logits: Tensor = self.classify(pooled)
        return logits[:, 0]


class UNet(nn.Module):
    """U-Net (Ronneberger et al., 2015) with padding and batch normalisation.

    [batch, 1, height, width] -> LesionLogits of the same height and width, which may be any.
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
        self.presence = PresenceHead(widths[-1]) if config.presence else None
        self.expand = nn.ModuleList(Up(coarse, fine) for fine, coarse in reversed(steps))
        self.classify = mask_head(widths[0])

    def forward(self, images: Tensor) -> LesionLogits:
        height, width = images.shape[-2:]
        features = self.enter(self._pad(images))
        skipped = []
        for down in self.contract:
            skipped.append(features)
            features = down(features)
        presence = None if self.presence is None else self.presence(features)
        for up in self.expand:
            features = up(features, skipped.pop())
        return LesionLogits(self.classify(features)[..., :height, :width], presence)

    def _pad(self, images: Tensor) -> Tensor:
        """Right and below, to what `depth` halvings divide without a rest."""
        height, width = images.shape[-2:]
        return functional.pad(images, (0, -width % self.stride, 0, -height % self.stride))


def mask_head(channels: int) -> nn.Conv2d:
    head = nn.Conv2d(channels, 1, kernel_size=1)
    # Lesions cover a few per cent of an image: start from that, not from one half.
    nn.init.constant_(head.bias, -2.0)  # type: ignore[arg-type]
    return head
