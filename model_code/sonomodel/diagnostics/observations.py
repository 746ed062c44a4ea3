"""What the diagnostics look at, measured on a network in training.

Gradients are those of an epoch's last step, and activations those of the validation images: both
are there anyway, so looking costs next to nothing.
"""

from __future__ import annotations

import collections
import dataclasses
import math
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from sonomodel.networks.unet import LesionLogits

WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
RECTIFIERS = (nn.ReLU, nn.ReLU6)
FEWEST_PLACES = 256  # a unit active at one place in a hundred is seen with 92 %
SATURATED = 1e-3  # probability of the truth; a sigmoid's slope there is below a thousandth


@dataclasses.dataclass(frozen=True)
class EpochFacts:
    epoch: int
    train_loss: float
    validation_loss: float
    gradient_norms: list[float]  # of each step, before clipping
    gradients: dict[str, float]  # layer -> mean absolute gradient of its weights
    dead_units: dict[str, float]  # layer -> share of its units that never answer
    saturated: float | None  # share of outputs that are sure of the wrong thing


@dataclasses.dataclass(frozen=True)
class LayerStart:
    """A layer's weights before the first step."""

    gain: float  # root mean square times the root of the inputs; He et al. set 1.41
    identical: bool  # all its units have the same weights


def weighted_layers(network: nn.Module) -> dict[str, nn.Module]:
    return {name: layer for name, layer in network.named_modules() if isinstance(layer, WEIGHTED)}


@torch.no_grad()
def layer_starts(network: nn.Module) -> dict[str, LayerStart]:
    starts = {}
    for name, layer in weighted_layers(network).items():
        weight: Any = layer.weight
        inputs = (
            weight[:, 0].numel() if isinstance(layer, nn.ConvTranspose2d) else weight[0].numel()
        )
        units = weight.flatten(1).T if isinstance(layer, nn.ConvTranspose2d) else weight.flatten(1)
        identical = len(units) > 1 and bool((units == units[:1]).all())
        spread = float(weight.float().square().mean().sqrt())
        starts[name] = LayerStart(spread * math.sqrt(inputs), identical)
    return starts


@torch.no_grad()
def mean_gradients(network: nn.Module, clipped_by: float) -> dict[str, float]:
    """Per layer, of the last step. `clipped_by`: the factor that clipping applied."""
    gradients = {}
    for name, layer in weighted_layers(network).items():
        weight: Any = layer.weight
        if weight.grad is not None:
            gradients[name] = float(weight.grad.float().abs().mean()) / clipped_by
    return gradients


class ActivityWatch:
    """A context manager that notes which units of a network's rectifiers ever answer."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._calls: collections.Counter[str] = collections.Counter()  # in one forward pass
        self._layers = [
            (name, layer)
            for name, layer in network.named_modules()
            if isinstance(layer, RECTIFIERS)
        ]
        self._highest: dict[str, Tensor] = {}
        self._places: collections.Counter[str] = collections.Counter()
        self._handles: list[Any] = []

    def dead_units(self) -> dict[str, float]:
        """Layer -> share of its units that were 0 everywhere; layers seen too seldom left out."""
        return {
            name: float((highest <= 0).float().mean())
            for name, highest in self._highest.items()
            if self._places[name] >= FEWEST_PLACES
        }

    def __enter__(self) -> ActivityWatch:
        self._handles = [
            layer.register_forward_hook(self._note(name)) for name, layer in self._layers
        ]
        begin = self._network.register_forward_pre_hook(lambda *_: self._calls.clear())
        self._handles.append(begin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for handle in self._handles:
            handle.remove()

    def _note(self, name: str) -> Any:
        def note(layer: nn.Module, inputs: Any, output: Tensor) -> None:
            self._calls[name] += 1  # ResNet's blocks rectify several times with one module
            key = f"{name}:{self._calls[name]}"
            highest = output.detach().transpose(0, 1).flatten(1).amax(dim=1)
            before = self._highest.get(key)
            self._highest[key] = highest if before is None else torch.maximum(before, highest)
            self._places[key] += output.numel() // output.shape[1]

        return note


def saturation_of_classes(logits: Tensor, labels: Tensor) -> float:
    """Mean over the classes present of the share of images whose own class gets no probability."""
    truth = torch.softmax(logits.float(), dim=1).gather(1, labels[:, None])[:, 0]
    wrong = (truth < SATURATED).float()
    return float(
        torch.stack([wrong[labels == label].mean() for label in torch.unique(labels)]).mean()
    )


def saturation_of_masks(outputs: LesionLogits, masks: Tensor) -> float:
    """Likewise, of lesion and background pixels."""
    lesion = masks > 0
    truth = torch.sigmoid(torch.where(lesion, outputs.mask, -outputs.mask))
    wrong = (truth < SATURATED).float()
    parts = [wrong[part] for part in (lesion, ~lesion) if part.any()]
    return float(torch.stack([part.mean() for part in parts]).mean())
