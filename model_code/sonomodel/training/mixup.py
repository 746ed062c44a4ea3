"""Mixup (Zhang et al., 2018): two images and their classes, blended in one proportion."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sonomodel.training.losses import LesionTargets

Targets = TypeVar("Targets", Tensor, LesionTargets)


@dataclasses.dataclass(frozen=True)
class Mixup:
    alpha: float  # of the Beta distribution; small: mostly one of the two
    classes: int

    def __call__(
        self, images: Tensor, targets: Targets, generator: torch.Generator
    ) -> tuple[Tensor, Targets]:
        """Images [batch, 1, side, side], labels [batch] -> blended images and class shares
        [batch, classes]; masks are blended likewise. All draws come from `generator`."""
        seed = int(torch.randint(2**62, (), generator=generator))
        share = float(np.random.default_rng(seed).beta(self.alpha, self.alpha))
        others = torch.randperm(len(images), generator=generator).to(images.device)

        def blend(values: Tensor) -> Tensor:
            return torch.lerp(values[others], values, share)

        if isinstance(targets, Tensor):
            return blend(images), blend(self._shares(targets, images))
        labels = blend(self._shares(targets.labels, images))
        return blend(images), LesionTargets(labels, blend(targets.masks))

    def _shares(self, labels: Tensor, images: Tensor) -> Tensor:
        return functional.one_hot(labels, self.classes).to(images.dtype)
