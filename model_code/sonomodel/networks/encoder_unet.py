"""A U-Net whose contracting path is a classifier, and `build_segmenter` for all kinds of it.

Most of a U-Net's work is done at full size, where there is least to understand. This one halves the
image before its first block and answers at half its size, enlarged: at the same cost on a CPU it
has far wider coarse levels, which is where lesion is told from shadow, and it can start from
weights that were trained on photographs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sonomodel.errors import ArgumentsError
from sonomodel.networks import backbones
from sonomodel.networks.classifier import ARCHITECTURES, ClassifierConfig, build_classifier
from sonomodel.networks.unet import DoubleConvolution, LesionLogits, UNet, UNetConfig, mask_head

STRIDE = 32
ENCODERS = ("plain", *ARCHITECTURES)


def build_segmenter(config: UNetConfig) -> nn.Module:
    """[batch, 1, height, width] -> LesionLogits of the same height and width, which may be any."""
    if config.encoder in ARCHITECTURES:
        return EncoderUNet(config)
    if config.encoder in ENCODERS:
        return UNet(config)
    raise ArgumentsError(f"unknown encoder {config.encoder!r}: choose one of {', '.join(ENCODERS)}")


class EncoderUNet(nn.Module):
    """`encoder` is the classifier; its last layer says whether there is a lesion at all."""

    encoder: Any

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.encoder = build_classifier(ClassifierConfig(config.encoder, classes=1))
        *fine, deepest = backbones.widths(self.encoder)
        self.presence = config.presence
        if not config.presence:
            backbones.leave_out_classes(self.encoder)
        widths = [128, 96, 64, 32]
        inputs = [deepest, *widths]
        self.expand = nn.ModuleList(
            DoubleConvolution(below + beside, width)
            for below, beside, width in zip(inputs, reversed(fine), widths, strict=False)
        )
        self.classify = mask_head(widths[-1])

    def forward(self, images: Tensor) -> LesionLogits:
        height, width = images.shape[-2:]
        padding = (0, -width % STRIDE, 0, -height % STRIDE)
        skipped = backbones.levels(self.encoder, functional.pad(images, padding))
        features = skipped.pop()
        presence = backbones.classify(self.encoder, features)[:, 0] if self.presence else None
        for convolve in self.expand:
            beside = skipped.pop()
            enlarged = functional.interpolate(features, size=beside.shape[-2:])
            features = convolve(torch.cat([beside, enlarged], dim=1))
        half = self.classify(features)
        mask = functional.interpolate(half, scale_factor=2.0, mode="bilinear")
        return LesionLogits(mask[..., :height, :width], presence)
