"""Random changes of training images that a probe held a little differently could have made.

Image and mask go through the same geometry. Left and right are exchanged, above and below never:
skin is above, and shadow or enhancement falls below a lesion, which tells the classes apart. For
the same reason rotation stays small and nothing is stretched in one direction only.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

BLACK = 0.5 / 255  # interpolation leaves traces next to what it moved


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Bounds of the uniform draws; the default flips nothing else than left and right."""

    flip: float = 0.5  # probability
    rotation: float = 0.12  # radians, either way
    scale: float = 0.15  # 1 - scale to 1 + scale, the same in both directions
    shift: float = 0.08  # fraction of the frame, either way
    gain: float = 0.1  # added to the grey values (0 to 1), either way
    contrast: float = 0.25  # factor on the distance from the image's mean, likewise
    noise: float = 0.03  # standard deviation of the grey values' noise

    def __call__(
        self, images: Tensor, masks: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        """Images 0 to 1 and masks 0/1, float [batch, 1, side, side]; both are returned changed."""
        grid = functional.affine_grid(
            self._transforms(len(images), generator).to(images.device),
            list(images.shape),
            align_corners=False,
        )
        moved = functional.grid_sample(images, grid, mode="bilinear", align_corners=False)
        if masks is not None:
            masks = functional.grid_sample(masks, grid, mode="bilinear", align_corners=False)
            masks = (masks >= 0.5).to(images.dtype)
        return self._change_grey_values(moved, generator), masks

    def _transforms(self, count: int, generator: torch.Generator) -> Tensor:
        """[count, 2, 3], for affine_grid: where each output pixel is taken from."""
        angle = _uniform(count, self.rotation, generator)
        zoom = 1 + _uniform(count, self.scale, generator)
        mirror = 1 - 2 * (torch.rand(count, generator=generator) < self.flip).float()
        cosine, sine = zoom * torch.cos(angle), zoom * torch.sin(angle)
        shift_x = 2 * _uniform(count, self.shift, generator)  # the frame spans -1 to 1
        shift_y = 2 * _uniform(count, self.shift, generator)
        rows = [mirror * cosine, -sine, shift_x, mirror * sine, cosine, shift_y]
        return torch.stack(rows, dim=1).reshape(count, 2, 3)

    def _change_grey_values(self, images: Tensor, generator: torch.Generator) -> Tensor:
        count, device = len(images), images.device
        gain = _uniform(count, self.gain, generator).to(device).reshape(-1, 1, 1, 1)
        contrast = 1 + _uniform(count, self.contrast, generator).to(device).reshape(-1, 1, 1, 1)
        noise = self.noise * torch.randn(images.shape, generator=generator).to(device)
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        changed = (images - mean) * contrast + mean + gain + noise
        # Black margins stay black: their size must not tell an augmented image from a plain one.
        return torch.where(images > BLACK, changed.clamp(0, 1), images)


def _uniform(count: int, bound: float, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(count, generator=generator) - 1) * bound
