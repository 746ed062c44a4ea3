"""A U-Net whose contracting path is a ResNet, and `build_segmenter` for all kinds of it.

Most of a U-Net's work is done at full size, where there is least to understand. This one halves the
image before its first block and answers at half its size, enlarged: at the same cost on a CPU it
has far wider coarse levels, which is where lesion is told from shadow, and it can start from
weights in torchvision's names.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sonomodel.errors import ArgumentsError
from sonomodel.networks.resnet import RESNETS, ResNetConfig, build_resnet
from sonomodel.networks.unet import DoubleConvolution, LesionLogits, UNet, UNetConfig, mask_head

STRIDE = 32
ENCODERS = ("plain", *RESNETS)


def build_segmenter(config: UNetConfig) -> nn.Module:
    """[batch, 1, height, width] -> LesionLogits of the same height and width, which may be any."""
    if config.encoder in RESNETS:
        return ResNetUNet(config)
    if config.encoder in ENCODERS:
        return UNet(config)
    raise ArgumentsError(f"unknown encoder {config.encoder!r}: choose one of {', '.join(ENCODERS)}")


class ResNetUNet(nn.Module):
    """`encoder` is torchvision's network; its last layer says whether there is a lesion at all."""

    encoder: Any

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.encoder = build_resnet(ResNetConfig(config.encoder, classes=1))
        deepest = self.encoder.fc.in_features
        self.presence = config.presence
        if not config.presence:
            self.encoder.fc = nn.Identity()
        skipped = [deepest // 2, deepest // 4, deepest // 8, 64]  # at 1/16, 1/8, 1/4, 1/2
        widths = [128, 96, 64, 32]
        inputs = [deepest, *widths]
        self.expand = nn.ModuleList(
            DoubleConvolution(below + beside, width)
            for below, beside, width in zip(inputs, skipped, widths, strict=False)
        )
        self.classify = mask_head(widths[-1])

    def forward(self, images: Tensor) -> LesionLogits:
        height, width = images.shape[-2:]
        padding = (0, -width % STRIDE, 0, -height % STRIDE)
        skipped = self._contract(functional.pad(images, padding))
        features = skipped.pop()
        presence = self._is_there(features) if self.presence else None
        for convolve in self.expand:
            beside = skipped.pop()
            enlarged = functional.interpolate(features, size=beside.shape[-2:])
            features = convolve(torch.cat([beside, enlarged], dim=1))
        half = self.classify(features)
        mask = functional.interpolate(half, scale_factor=2.0, mode="bilinear")
        return LesionLogits(mask[..., :height, :width], presence)

    def _contract(self, images: Tensor) -> list[Tensor]:
        """Features at 1/2, 1/4 … 1/32."""
        encoder = self.encoder
        levels = [encoder.relu(encoder.bn1(encoder.conv1(images)))]
        features = encoder.maxpool(levels[0])
        for layer in (encoder.layer1, encoder.layer2, encoder.layer3, encoder.layer4):
            features = layer(features)
            levels.append(features)
        return levels

    def _is_there(self, features: Tensor) -> Tensor:
        logits: Tensor = self.encoder.fc(features.mean(dim=(2, 3)))
        return logits[:, 0]
