"""Losses: cross-entropy for classes; binary cross-entropy plus Dice for masks."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def classification_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """logits [batch, classes], labels int64 [batch]."""
    return functional.cross_entropy(logits.float(), labels)


def segmentation_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """logits and masks 0/1, [batch, 1, height, width].

    Cross-entropy gives every pixel a gradient, also on images without a lesion; Dice keeps the few
    lesion pixels from being outweighed.
    """
    logits = logits.float()
    return functional.binary_cross_entropy_with_logits(logits, masks) + dice_loss(logits, masks)


def dice_loss(logits: Tensor, masks: Tensor, smooth: float = 1.0) -> Tensor:
    """1 - soft Dice per image, averaged. `smooth` makes an empty mask a loss near 0 when nothing
    is predicted, and keeps the quotient defined (Milletari et al., 2016)."""
    probabilities = torch.sigmoid(logits)
    overlap = (probabilities * masks).sum(dim=(1, 2, 3))
    areas = (probabilities + masks).sum(dim=(1, 2, 3))
    return (1 - (2 * overlap + smooth) / (areas + smooth)).mean()
