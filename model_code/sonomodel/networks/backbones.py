"""What a classifier sees on its way down, whichever family it is of: features from fine to coarse.

A segmenter's contracting path and the lesion-aware classifier are built on these three.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from sonomodel.networks.efficientnet_lite import EfficientNetLite


def widths(network: Any) -> tuple[int, ...]:
    """The channels of `levels`, fine to coarse."""
    if isinstance(network, EfficientNetLite):
        return network.widths
    deepest = network.fc.in_features
    return 64, deepest // 8, deepest // 4, deepest // 2, deepest


def levels(network: Any, images: Tensor) -> list[Tensor]:
    """[batch, 1, height, width] -> features at 1/2, 1/4, 1/8, 1/16 and 1/32 of that size."""
    if isinstance(network, EfficientNetLite):
        return network.levels(images)
    found = [network.relu(network.bn1(network.conv1(images)))]
    features = network.maxpool(found[0])
    for layer in (network.layer1, network.layer2, network.layer3, network.layer4):
        features = layer(features)
        found.append(features)
    return found


def classify(network: Any, deepest: Tensor) -> Tensor:
    """What the network makes of the coarsest features: logits [batch, classes]."""
    if isinstance(network, EfficientNetLite):
        return network.classify(deepest)
    logits: Tensor = network.fc(torch.flatten(network.avgpool(deepest), 1))
    return logits


def leave_out_classes(network: Any) -> None:
    """Takes away all that only `classify` uses: distributed training wants every weight used."""
    if isinstance(network, EfficientNetLite):
        network.head = nn.Identity()
    network.fc = nn.Identity()


def encoder_parameters(network: nn.Module) -> list[nn.Parameter]:
    """Those of the classifier that `network` is or is built on, without what tells its classes;
    none of a plain U-Net."""
    parts = [part for name in ("encoder", "classifier") if (part := getattr(network, name, None))]
    (part,) = parts or [network]
    named = part.named_parameters() if hasattr(part, "fc") else ()
    return [parameter for name, parameter in named if not name.startswith("fc.")]
