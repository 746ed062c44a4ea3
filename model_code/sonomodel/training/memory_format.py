"""How a network's weights lie in memory while it trains on a CPU.

Convolutions are quicker on activations in channels_last. But oneDNN brings weights and their
gradients into an order of its own and back at every step, which takes longer from channels_last
than from contiguous memory, and so do AdamW's updates. So layers with more weights than a batch has
activations stay contiguous: a gain for small images, about even at 128 pixels (docs/training.md has
the figures). Results differ by rounding only.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def keep_heavy_layers_contiguous(network: nn.Module, image: Tensor, batch_size: int) -> list[str]:
    """Names of the convolutions that were changed.

    Of `image`, [1, 1, side, side], the shape counts alone.
    """
    names = {module: name for name, module in network.named_modules()}
    changed = []
    for layer, activations in _activations(network, image).items():
        if layer.weight.numel() > activations * batch_size:
            layer.weight.data = layer.weight.data.contiguous()
            layer.register_forward_pre_hook(_contiguous)
            changed.append(names[layer])
    return changed


def as_their_parameters(optimizer: torch.optim.Optimizer) -> None:
    """Moments in their parameters' order in memory: AdamW's fused kernel goes through both alike,
    and a checkpoint of another number of processes may have had another."""
    for parameter, state in optimizer.state.items():
        for name, moment in state.items():
            if isinstance(moment, Tensor) and moment.shape == parameter.shape:
                state[name] = torch.empty_like(parameter).copy_(moment)


def _contiguous(_: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    """Else weights would be copied to the order of their input at every step."""
    return (inputs[0].contiguous(),)


def _activations(network: nn.Module, image: Tensor) -> dict[nn.Conv2d, int]:
    """How many numbers go into and come out of each convolution, for one image."""
    counts: dict[nn.Conv2d, int] = {}

    def count(layer: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        counts[layer] = inputs[0].numel() + output.numel()

    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    if not layers:
        return counts
    hooks = [layer.register_forward_hook(count) for layer in layers]
    was_training = network.training
    try:
        with torch.inference_mode():
            network.eval()(image)
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return counts
