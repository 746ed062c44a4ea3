"""Random changes of training images that another probe, hand or machine could have made.

Image and mask go through the same geometry. Left and right are exchanged, above and below never:
skin is above, and shadow or enhancement falls below a lesion, which tells the classes apart. For
the same reason rotation stays small, nothing is stretched in one direction only, and the elastic
field is smooth and weak: tissue gives way under a probe, a lesion does not change its kind.

A whole batch is changed at once, on the device that trains.
"""

from __future__ import annotations

import dataclasses
import functools

import torch
from torch import Tensor
from torch.nn import functional

from sonomodel.images.annotations import Annotations

BLACK = 0.5 / 255  # interpolation leaves traces next to what it moved
ELASTIC_GRID = 5  # control points along a side
DEPTH_POINTS = 4  # sliders of a machine's time-gain compensation
GRAIN = 2  # pixels of the network's frame: speckle is finer than any lesion


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Bounds of the uniform draws, either way; a bound of 0 leaves its change out."""

    flip: float = 0.5  # probability
    rotation: float = 0.12  # radians
    scale: float = 0.15  # 1 - scale to 1 + scale, the same in both directions
    shift: float = 0.08  # fraction of the frame
    elastic: float = 0.012  # fraction of the frame by which a control point moves
    gamma: float = 0.25  # of the exponent's logarithm
    gain: float = 0.1  # added to the grey values (0 to 1)
    contrast: float = 0.25  # factor on the distance from the image's mean
    depth_gain: float = 0.2  # of the logarithm of the factor at each depth
    speckle: float = 0.1  # largest standard deviation of the factor on each grain
    noise: float = 0.03  # standard deviation of what is added to each grain
    annotations: Annotations = dataclasses.field(default_factory=Annotations)

    def __call__(
        self, images: Tensor, masks: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        """Images 0 to 1 and masks 0/1, float [batch, 1, side, side]; both are returned changed."""
        grid = self._grid(images, generator)
        moved = functional.grid_sample(images, grid, mode="bilinear", align_corners=False)
        if masks is not None:
            masks = functional.grid_sample(masks, grid, mode="bilinear", align_corners=False)
            masks = (masks >= 0.5).to(images.dtype)
        changed = self._change_grey_values(moved, generator)
        # Black margins stay black: their size must not tell an augmented image from a plain one.
        changed = torch.where(moved > BLACK, changed.clamp(0, 1), moved)
        return self.annotations(changed, generator), masks

    def _grid(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """[batch, side, side, 2], for grid_sample: where each output pixel is taken from."""
        transforms = self._transforms(len(images), generator).to(images.device)
        grid = functional.affine_grid(transforms, list(images.shape), align_corners=False)
        if not self.elastic:
            return grid
        shape = (len(images), 2, ELASTIC_GRID, ELASTIC_GRID)
        pushes = 2 * _uniform(shape, self.elastic, generator).to(images.device)
        down, across = (_spread(extent).to(images.device) for extent in images.shape[-2:])
        return grid + (down @ pushes @ across.T).permute(0, 2, 3, 1)

    def _transforms(self, count: int, generator: torch.Generator) -> Tensor:
        """[count, 2, 3], for affine_grid."""
        angle = _uniform((count,), self.rotation, generator)
        zoom = 1 + _uniform((count,), self.scale, generator)
        mirror = 1 - 2 * (torch.rand(count, generator=generator) < self.flip).float()
        cosine, sine = zoom * torch.cos(angle), zoom * torch.sin(angle)
        shift_x = 2 * _uniform((count,), self.shift, generator)  # the frame spans -1 to 1
        shift_y = 2 * _uniform((count,), self.shift, generator)
        rows = [mirror * cosine, -sine, shift_x, mirror * sine, cosine, shift_y]
        return torch.stack(rows, dim=1).reshape(count, 2, 3)

    def _change_grey_values(self, images: Tensor, generator: torch.Generator) -> Tensor:
        count, device = len(images), images.device
        each = (count, 1, 1, 1)
        exponent = _uniform(each, self.gamma, generator).exp().to(device)
        gain = _uniform(each, self.gain, generator).to(device)
        contrast = 1 + _uniform(each, self.contrast, generator).to(device)
        speckle = _uniform(each, self.speckle, generator).abs().to(device)
        grains = self._grains(images, generator)
        changed = images.clamp_min(0).pow(exponent) if self.gamma else images
        changed = changed * self._depth_gains(images, generator)
        changed = changed * (1 + speckle * grains) + self.noise * grains
        mean = changed.mean(dim=(1, 2, 3), keepdim=True)
        return (changed - mean) * contrast + mean + gain

    def _depth_gains(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """[batch, 1, side, 1]: a smooth factor along the depth."""
        sliders = _uniform((len(images), 1, DEPTH_POINTS), self.depth_gain, generator)
        curve = functional.interpolate(
            sliders.exp().to(images.device),
            size=images.shape[-2],
            mode="linear",
            align_corners=True,
        )
        return curve[..., None]

    def _grains(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """[batch, 1, side, side]: normally distributed, the same over a few neighbouring pixels."""
        side = -(-images.shape[-1] // GRAIN)
        drawn = torch.randn(len(images), 1, side, side, generator=generator).to(images.device)
        return functional.interpolate(drawn, size=list(images.shape[-2:]), mode="bilinear")


GEOMETRY = Augmentation(
    gamma=0, gain=0, contrast=0, depth_gain=0, speckle=0, noise=0, annotations=Annotations(0, 0)
)
STRENGTHS = {
    "full": Augmentation(),
    "basic": Augmentation(
        elastic=0, gamma=0, depth_gain=0, speckle=0, annotations=Annotations(0, 0)
    ),
    "none": dataclasses.replace(GEOMETRY, flip=0, rotation=0, scale=0, shift=0, elastic=0),
}


@functools.cache
def _spread(extent: int) -> Tensor:
    """[extent, ELASTIC_GRID]: what each control point adds to each place, by cubic interpolation.

    Twice a small product is five times as quick as interpolating in two dimensions.
    """
    points = torch.eye(ELASTIC_GRID)[None, :, :, None]
    weights = functional.interpolate(points, size=[extent, 1], mode="bicubic", align_corners=True)
    return weights[0, :, :, 0].T.contiguous()


def _uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(shape, generator=generator) - 1) * bound
