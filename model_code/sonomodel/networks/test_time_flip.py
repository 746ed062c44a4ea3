"""The network's answer to an image and to its mirror image, averaged.

Left and right are exchanged in training too (`augmentation`), so both answers are as good.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from sonomodel.networks.unet import LesionLogits


def logits(network: nn.Module, images: Tensor, *, flip: bool) -> Any:
    """Tensor [batch, classes] of a classifier, LesionLogits of a segmenter."""
    plain = network(images)
    if not flip:
        return plain
    mirrored = network(images.flip(-1))
    if isinstance(plain, Tensor):
        return (plain + mirrored) / 2
    presence = None if plain.presence is None else (plain.presence + mirrored.presence) / 2
    return LesionLogits((plain.mask + mirrored.mask.flip(-1)) / 2, presence)
