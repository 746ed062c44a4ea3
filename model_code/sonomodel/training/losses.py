"""Losses: cross-entropy for classes; overlap and cross-entropy for masks.

Overlap losses are averages over images. Their `SMOOTH` makes an empty mask a loss near 0 when
nothing is predicted, and keeps the quotient defined (Milletari et al., 2016).
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from sonomodel.networks.resnet import LesionAwareLogits
from sonomodel.networks.unet import LesionLogits

SMOOTH = 1.0  # pixels
MISSED, FALSE = 0.7, 0.3  # weights of false negatives and false positives in focal Tversky
FOCUS = 0.75  # exponent below 1: images that are nearly right weigh less (Abraham and Khan, 2019)
PRESENCE_WEIGHT = 0.1
MASK_LOSSES = ("dice_ce", "focal_tversky")


def classification_loss(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """logits [batch, classes]; labels int64 [batch], or shares of classes [batch, classes]."""
    return functional.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)


class LesionTargets(NamedTuple):
    """What a lesion-aware classifier learns from."""

    labels: Tensor  # int64 [batch], or shares of classes [batch, classes]
    masks: Tensor  # 0 to 1, [batch, 1, height, width]


@dataclasses.dataclass(frozen=True)
class LesionAwareLoss:
    """Of the classes, and of the mask with a weight."""

    label_smoothing: float
    weight: float

    def __call__(self, outputs: LesionAwareLogits, targets: LesionTargets) -> Tensor:
        height, width = outputs.mask.shape[-2:]
        coarse = functional.adaptive_avg_pool2d(targets.masks, (height, width))
        classes = classification_loss(outputs.classes, targets.labels, self.label_smoothing)
        return classes + self.weight * segmentation_loss(outputs.mask, coarse)


@dataclasses.dataclass(frozen=True)
class LesionLoss:
    """Of a segmenter's whole answer: the mask at every resolution given, and the presence."""

    mask: str = "dice_ce"  # one of MASK_LOSSES

    def __call__(self, outputs: LesionLogits, masks: Tensor) -> Tensor:
        """masks 0/1, [batch, 1, height, width]."""
        function = segmentation_loss if self.mask == "dice_ce" else focal_tversky_loss
        loss = function(outputs.mask, masks)
        if outputs.coarse:
            loss = self._deep(loss, outputs.coarse, masks)
        if outputs.presence is not None:
            present = masks.flatten(1).amax(dim=1)
            presence = outputs.presence.float()
            loss = loss + PRESENCE_WEIGHT * functional.binary_cross_entropy_with_logits(
                presence, present
            )
        return loss

    def _deep(self, loss: Tensor, coarse: tuple[Tensor, ...], masks: Tensor) -> Tensor:
        """Each halving of the resolution weighs half (Isensee et al., 2021); weights add up to 1.

        A coarse pixel's target is the share of lesion in it.
        """
        function = segmentation_loss if self.mask == "dice_ce" else focal_tversky_loss
        height, width = (2 * extent for extent in coarse[0].shape[-2:])
        padding = (0, width - masks.shape[-1], 0, height - masks.shape[-2])
        targets, weight, total = functional.pad(masks, padding), 1.0, 1.0
        for logits in coarse:
            targets, weight = functional.avg_pool2d(targets, 2), weight / 2
            loss, total = loss + weight * function(logits, targets), total + weight
        return loss / total


def segmentation_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """logits and masks 0 to 1, [batch, 1, height, width].

    Cross-entropy gives every pixel a gradient, also on images without a lesion; Dice keeps the few
    lesion pixels from being outweighed.
    """
    logits = logits.float()
    return functional.binary_cross_entropy_with_logits(logits, masks) + dice_loss(logits, masks)


def dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """1 - soft Dice."""
    probabilities = torch.sigmoid(logits)
    overlap = (probabilities * masks).sum(dim=(1, 2, 3))
    areas = (probabilities + masks).sum(dim=(1, 2, 3))
    return (1 - (2 * overlap + SMOOTH) / (areas + SMOOTH)).mean()


def focal_tversky_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """(1 - Tversky index) ^ FOCUS: a missed pixel costs more than a false one."""
    probabilities = torch.sigmoid(logits.float())
    overlap = (probabilities * masks).sum(dim=(1, 2, 3))
    missed = ((1 - probabilities) * masks).sum(dim=(1, 2, 3))
    false = (probabilities * (1 - masks)).sum(dim=(1, 2, 3))
    index = (overlap + SMOOTH) / (overlap + MISSED * missed + FALSE * false + SMOOTH)
    # The power's slope is infinite at 0, where there is nothing to learn.
    return (1 - index).clamp_min(1e-6).pow(FOCUS).mean()
