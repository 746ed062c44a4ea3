"""Batches: taken from an image set, changed, in parts, and several as one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sonomodel.images.augmentation import Augmentation
from sonomodel.images.samples import ImageSet
from sonomodel.networks.unet import LesionLogits
from sonomodel.training.losses import LesionTargets


def drawn(train: ImageSet, picks: Tensor, device: torch.device) -> tuple[Tensor, Any]:
    """Images 0 to 1, [batch, 1, side, side], and what is to be learnt of them: labels, masks or
    LesionTargets."""
    images = train.images[picks].to(device).float() / 255
    if train.masks is not None:
        return images, train.masks[picks].to(images)
    labels = train.labels[picks].to(device)
    if train.lesions is None:
        return images, labels
    told = torch.ones(len(train), dtype=torch.bool) if train.known is None else train.known
    return images, LesionTargets(labels, train.lesions[picks].to(images), told[picks].to(device))


def augmented(
    images: Tensor, targets: Any, augment: Augmentation, generator: torch.Generator
) -> tuple[Tensor, Any]:
    """What `drawn` gives, changed at random; masks stay 0/1."""
    if isinstance(targets, LesionTargets):
        changed: tuple[Tensor, Any] = augment(images, targets.masks, generator)
        return changed[0], targets._replace(masks=changed[1])
    if targets.ndim == 1:
        return augment(images, None, generator)[0], targets
    return augment(images, targets, generator)


def joined(outputs: list[Any]) -> Any:
    """The outputs of several batches as those of one."""
    if isinstance(outputs[0], Tensor):
        return torch.cat([output.float().cpu() for output in outputs])
    parts = [output.detached() for output in outputs]
    heads = [part.presence for part in parts if part.presence is not None]
    return LesionLogits(
        torch.cat([part.mask for part in parts]), torch.cat(heads) if heads else None
    )


def of_images(targets: Any, part: slice) -> Any:
    """What is to be learnt of some images of a batch: of a tensor, or of each in LesionTargets."""
    if isinstance(targets, Tensor):
        return targets[part]
    return type(targets)(*(tensor[part] for tensor in targets))
