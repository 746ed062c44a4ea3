"""Parts of a batch, and several batches as one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sonomodel.networks.unet import LesionLogits


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
