"""An exponential moving average of the weights, which is what is validated and kept.

The average of the last steps lies nearer to the middle of the minimum than the last step does
(Polyak and Juditsky, 1992). Early steps are far from it, so the average starts short: after `n`
steps it looks back over about a ninth of them, until `decay` is reached. Batch normalisation's
running statistics are averaged along, as they belong to the weights.
"""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """`network` is a copy with the averaged weights. `decay` 0 to 1, of a long run."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Takes in the network's weights after a step."""
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        current = network.state_dict()
        for name, averaged in self.network.state_dict().items():
            if averaged.is_floating_point():
                averaged.lerp_(current[name], share)
            else:  # batch normalisation's counter
                averaged.copy_(current[name])
