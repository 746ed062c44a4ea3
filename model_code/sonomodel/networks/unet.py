"""The U-Net after the paper, and one whose contracting path is residual.

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
    deep_supervision: bool = False  # coarser levels learn the mask too

    @property
    def architecture(self) -> str:
        return "unet" if self.encoder == "plain" else f"{self.encoder}_unet"


class LesionLogits(NamedTuple):
    mask: Tensor  # [batch, 1, height, width]
    presence: Tensor | None  # [batch]; None without the head
    coarse: tuple[Tensor, ...] = ()  # in training with deep supervision: at 1/2, 1/4 …, padded

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


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al., 2016); `stride` 2 halves the size."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.convolve = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        # Averaging before the 1x1 convolution lets the shortcut see every pixel (He et al., 2019).
        pool: list[nn.Module] = [nn.AvgPool2d(stride)] if stride > 1 else []
        project = [nn.Conv2d(inputs, outputs, kernel_size=1, bias=False), nn.BatchNorm2d(outputs)]
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(*pool, *project)
        self.activate = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        activated: Tensor = self.activate(self.convolve(features) + self.shortcut(features))
        return activated


class Down(nn.Module):
    """Halves the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolve = DoubleConvolution(inputs, outputs)

    def forward(self, features: Tensor) -> Tensor:
        convolved: Tensor = self.convolve(functional.max_pool2d(features, 2))
        return convolved


class ResidualDown(nn.Sequential):
    """Halves the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(ResidualBlock(inputs, outputs, stride=2), ResidualBlock(outputs, outputs))


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
        enter, down = (
            (ResidualBlock, ResidualDown)
            if config.encoder == "residual"
            else (DoubleConvolution, Down)
        )
        self.stride = 2**config.depth
        self.enter = enter(1, widths[0])
        self.contract = nn.ModuleList(down(fine, coarse) for fine, coarse in steps)
        self.presence = PresenceHead(widths[-1]) if config.presence else None
        self.expand = nn.ModuleList(Up(coarse, fine) for fine, coarse in reversed(steps))
        self.classify = mask_head(widths[0])
        supervised = widths[1:-1] if config.deep_supervision else []
        self.supervise = nn.ModuleList(mask_head(width) for width in supervised)

    def forward(self, images: Tensor) -> LesionLogits:
        height, width = images.shape[-2:]
        features = self.enter(self._pad(images))
        skipped = []
        for down in self.contract:
            skipped.append(features)
            features = down(features)
        presence = None if self.presence is None else self.presence(features)
        levels = []
        for up in self.expand:
            features = up(features, skipped.pop())
            levels.append(features)
        finer = levels[-2::-1] if self.training else []  # all but the finest, from fine to coarse
        coarse = tuple(head(level) for head, level in zip(self.supervise, finer, strict=False))
        return LesionLogits(self.classify(features)[..., :height, :width], presence, coarse)

    def _pad(self, images: Tensor) -> Tensor:
        """Right and below, to what `depth` halvings divide without a rest."""
        height, width = images.shape[-2:]
        return functional.pad(images, (0, -width % self.stride, 0, -height % self.stride))


def mask_head(channels: int) -> nn.Conv2d:
    head = nn.Conv2d(channels, 1, kernel_size=1)
    # Lesions cover a few per cent of an image: start from that, not from one half.
    nn.init.constant_(head.bias, -2.0)  # type: ignore[arg-type]
    return head
