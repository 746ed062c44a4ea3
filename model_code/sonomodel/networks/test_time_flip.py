"""The network's answer to an image and to its mirror image, averaged.

Left and right are exchanged in training too (`augmentation`), so both answers are as good.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from sonomodel.networks.unet import LesionLogits


def logits(network: Callable[[Tensor], Any], images: Tensor, *, flip: bool) -> Any:
    """Tensor [batch, classes] of a classifier, LesionLogits of a segmenter. The network is shown
    the images as they are first."""
    plain = network(images)
    if not flip:
        return plain
    mirrored = network(images.flip(-1))
    if isinstance(plain, Tensor):
        return (plain + mirrored) / 2
    presence = None if plain.presence is None else (plain.presence + mirrored.presence) / 2
    return LesionLogits((plain.mask + mirrored.mask.flip(-1)) / 2, presence)
