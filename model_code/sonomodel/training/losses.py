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
PRESENCE_WEIGHT = 0.1


def classification_loss(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """logits [batch, classes]; labels int64 [batch]."""
    return functional.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)


class LesionTargets(NamedTuple):
    """What a lesion-aware classifier learns from."""

    labels: Tensor  # int64 [batch]
    masks: Tensor  # 0 to 1, [batch, 1, height, width]
    known: Tensor  # bool [batch]: whether the mask says where the lesion is


@dataclasses.dataclass(frozen=True)
class LesionAwareLoss:
    """Of the classes, and of the mask with a weight."""

    label_smoothing: float
    weight: float

    def __call__(self, outputs: LesionAwareLogits, targets: LesionTargets) -> Tensor:
        height, width = outputs.mask.shape[-2:]
        coarse = functional.adaptive_avg_pool2d(targets.masks, (height, width))
        classes = classification_loss(outputs.classes, targets.labels, self.label_smoothing)
        if targets.known.all():
            return classes + self.weight * segmentation_loss(outputs.mask, coarse)
        if not targets.known.any():
            return classes + 0 * outputs.mask.float().sum()  # peers expect a gradient of it all
        known = targets.known
        return classes + self.weight * segmentation_loss(outputs.mask[known], coarse[known])


def lesion_loss(outputs: LesionLogits, masks: Tensor) -> Tensor:
    """Of a segmenter's whole answer, mask and presence; masks 0/1, [batch, 1, height, width]."""
    loss = segmentation_loss(outputs.mask, masks)
    if outputs.presence is None:
        return loss
    present = masks.flatten(1).amax(dim=1)
    presence = outputs.presence.float()
    return loss + PRESENCE_WEIGHT * functional.binary_cross_entropy_with_logits(presence, present)


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
