"""Mixup (Zhang et al., 2018): two images and their classes, blended in one proportion."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


@dataclasses.dataclass(frozen=True)
class Mixup:
    alpha: float  # of the Beta distribution; small: mostly one of the two
    classes: int

    def __call__(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Images [batch, 1, side, side], labels [batch] -> blended images and class shares
        [batch, classes]. All draws come from `generator`."""
        seed = int(torch.randint(2**62, (), generator=generator))
        share = float(np.random.default_rng(seed).beta(self.alpha, self.alpha))
        others = torch.randperm(len(images), generator=generator).to(images.device)
        shares = functional.one_hot(labels, self.classes).to(images.dtype)
        return torch.lerp(images[others], images, share), torch.lerp(shares[others], shares, share)
