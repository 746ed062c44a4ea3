"""What people burn into ultrasound images: calipers on a lesion's ends, and lines of text.

Drawn at random places, so that they say nothing: in many archives the lesions that somebody
measured are the ones worth measuring, and a network would rather learn the crosses than the tissue.
All lengths are fractions of the frame.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

ROWS, COLUMNS = 5, 23  # dots of a line of text; a letter is three wide
HALF_LINE = 0.003  # half of a line's width


@dataclasses.dataclass(frozen=True)
class Annotations:
    calipers: float = 0.15  # probability
    text: float = 0.15  # probability

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Images 0 to 1, [batch, 1, side, side]; some come back with bright marks on them."""
        chances = torch.rand(2, len(images), generator=generator)
        picks = torch.nonzero(chances[0] < self.calipers).flatten()
        images = _draw(images, picks, _calipers(len(picks), images, generator), generator)
        picks = torch.nonzero(chances[1] < self.text).flatten()
        return _draw(images, picks, _text(len(picks), images, generator), generator)


def _draw(images: Tensor, picks: Tensor, marks: Tensor, generator: torch.Generator) -> Tensor:
    if not len(picks):
        return images
    level = _between(0.7, 1.0, len(picks), generator).to(images.device)
    drawn, places = images.clone(), picks.to(images.device)
    drawn[places] = torch.where(marks[:, None], level[:, None], images[places])
    return drawn


def _calipers(count: int, images: Tensor, generator: torch.Generator) -> Tensor:
    """Marks [count, side, side]: two crosses, upright or on end, and a dotted line between them."""
    down, across = _pixels(images)
    width = max(HALF_LINE, 0.5 / images.shape[-1])
    ends = _between(0.1, 0.9, 4 * count, generator).reshape(4, count, 1, 1).to(images.device)
    arm = _between(0.015, 0.03, count, generator).to(images.device)
    turned = (torch.rand(count, 1, 1, generator=generator) < 0.5).to(images.device)
    marks = torch.zeros(count, *images.shape[-2:], dtype=torch.bool, device=images.device)
    for top, left in ((ends[0], ends[1]), (ends[2], ends[3])):
        y, x = down - top, across - left
        u = torch.where(turned, (x + y) / math.sqrt(2), x)
        v = torch.where(turned, (x - y) / math.sqrt(2), y)
        marks |= (u.abs() < arm) & (v.abs() < width) | (v.abs() < arm) & (u.abs() < width)
    return marks | _dotted(ends, down, across, width)


def _dotted(ends: Tensor, down: Tensor, across: Tensor, width: float) -> Tensor:
    rise, run = ends[2] - ends[0], ends[3] - ends[1]
    length = (rise.square() + run.square()).sqrt().clamp_min(1e-3)
    along = ((down - ends[0]) * rise + (across - ends[1]) * run) / length
    beside = ((down - ends[0]) * run - (across - ends[1]) * rise) / length
    dot = along.remainder(0.03) < 0.01
    return dot & (beside.abs() < width) & (along > 0) & (along < length)


def _text(count: int, images: Tensor, generator: torch.Generator) -> Tensor:
    """Marks [count, side, side]: a line of letters, each a random pattern of dots."""
    down, across = _pixels(images)
    dot = _between(0.008, 0.014, count, generator).to(images.device)
    top = _between(0.0, 0.92, count, generator).to(images.device)
    left = _between(0.0, 0.7, count, generator).to(images.device)
    dots = torch.rand(count, ROWS, COLUMNS, generator=generator) < 0.6
    dots[:, :, 3::4] = False  # between letters
    row, column = ((down - top) / dot).floor().long(), ((across - left) / dot).floor().long()
    inside = (row >= 0) & (row < ROWS) & (column >= 0) & (column < COLUMNS)
    place = row.clamp(0, ROWS - 1) * COLUMNS + column.clamp(0, COLUMNS - 1)
    flat = dots.flatten(1).to(images.device)
    return flat.gather(1, place.flatten(1)).reshape(place.shape) & inside


def _pixels(images: Tensor) -> tuple[Tensor, Tensor]:
    """Centres of the pixels, [1, side, 1] and [1, 1, side]."""
    height, width = images.shape[-2:]
    down = (torch.arange(height, device=images.device) + 0.5) / height
    across = (torch.arange(width, device=images.device) + 0.5) / width
    return down.reshape(1, -1, 1), across.reshape(1, 1, -1)


def _between(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    return (low + (high - low) * torch.rand(count, generator=generator)).reshape(-1, 1, 1)
