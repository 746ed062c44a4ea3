"""Whether an image is like those that a classifier learned from.

A network answers whatever it is shown, and with a probability that may well be high. So the mean
features of every training image, at three depths of the network, are described by their mean and
their main directions; an image is as far away as its features are from the mean, in standard
deviations along the directions (Mahalanobis distance; Lee et al., 2018) and beside all of them. An
image that is farther away than the validation images are, but for a stated share of them, is
unlike.

What lies nearer may still be answered wrongly: it only looks like what was seen.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from sonomodel.errors import ModelError
from sonomodel.images.preprocessing import Normalisation
from sonomodel.networks import backbones, weights

FILE = "familiarity.safetensors"
MOST = 2000  # training images that are looked at; more would tell no more about 32 directions
BATCH = 16
DEPTHS = 3  # the deepest levels: at 1/8, 1/16 and 1/32 of the frame's size
DIRECTIONS = 32  # at most; an eighth of the images, so that each is known by eight
IMAGES_PER_DIRECTION = 8


@dataclasses.dataclass(frozen=True)
class Familiarity:
    """Tensors are float32; `features` are those that `features_of` gives."""

    mean: Tensor  # [features]
    scale: Tensor  # [features], standard deviation of each
    directions: Tensor  # [directions, features], unit vectors
    deviations: Tensor  # [directions], standard deviation along each
    rest: Tensor  # [1], root mean square of what is beside all directions

    @classmethod
    def of(cls, features: Tensor) -> Self | None:
        """From the training images' features [images, features]; None of too few images."""
        count = min(DIRECTIONS, len(features) // IMAGES_PER_DIRECTION, features.shape[1] // 2)
        if count < 1:
            return None
        known = features.double()
        mean, scale = known.mean(dim=0), known.std(dim=0).clamp_min(1e-6)
        centred = (known - mean) / scale
        _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
        chosen = directions[:count]
        beside = centred - centred @ chosen.T @ chosen
        tensors = (
            mean,
            scale,
            chosen,
            (singular[:count] / math.sqrt(len(known) - 1)).clamp_min(1e-6),
            beside.square().mean().sqrt().reshape(1).clamp_min(1e-6),
        )
        return cls(*(tensor.float() for tensor in tensors))

    def distances(self, features: Tensor) -> Tensor:
        """[images, features] -> [images], 1 being a training image's mean, squared."""
        centred = (features.double() - self.mean) / self.scale
        along = centred @ self.directions.double().T
        beside = centred - along @ self.directions.double()
        within = (along / self.deviations).square().mean(dim=1)
        outside = beside.square().mean(dim=1) / self.rest.double().square()
        return (within + outside) / 2

    def save(self, folder: Path) -> None:
        tensors = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        weights.save(folder / FILE, tensors, {"format": "pt"})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises ModelError, WeightsError."""
        try:
            return cls(**weights.load(folder / FILE))
        except (OSError, TypeError) as error:
            raise ModelError(
                f"{FILE} does not say what training images are like: {error}"
            ) from error


def features_of(levels: list[Tensor]) -> Tensor:
    """Of a network's `levels`: [batch, features], each channel's mean over the image."""
    return torch.cat([level.mean(dim=(2, 3)) for level in levels[-DEPTHS:]], dim=1)


@torch.inference_mode()
def measure(network: nn.Module, frames: Tensor, normalisation: Normalisation) -> Tensor:
    """Features of frames, uint8 [images, 1, side, side], in float32 as served; on the CPU. Of more
    than MOST images, so many at equal distances. `network` is a classifier, in `eval` mode."""
    picks = torch.linspace(0, len(frames) - 1, min(MOST, len(frames))).round().long()
    device = next(network.parameters()).device
    found = []
    for part in torch.split(picks, BATCH):
        pixels = frames[part].to(device).float() / 255
        pixels = (pixels - normalisation.mean) / normalisation.std
        found.append(features_of(backbones.levels(network, pixels)).cpu())
    return torch.cat(found)


def choose(distances: Tensor, rate: float) -> dict[str, Any]:
    """From the validation images' distances [images]: the threshold beyond which an image is
    unlike, so that of images like these no more than `rate` are, on average (the order statistic
    of split conformal prediction). Where there are too few for that, the farthest decides, and
    `rate` says what can be promised."""
    ordered = sorted(distances.tolist())
    count = len(ordered)
    place = min(count, math.ceil((count + 1) * (1 - rate)))
    return {
        "threshold": ordered[place - 1],
        "rate": round(max(rate, 1 - place / (count + 1)), 6),
        "validation": unlike(distances, ordered[place - 1]),
    }


def unlike(distances: Tensor, threshold: float) -> dict[str, int]:
    """Of so many images, so many are beyond the threshold."""
    return {"images": len(distances), "unlike": int((distances > threshold).sum())}
