from __future__ import annotations

import pytest
import torch

from errors import ArgumentsError
from resnet import ResNetConfig, build_resnet


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50", "resnet101"])
def test_resnet_takes_one_grey_channel(architecture: str) -> None:
    network = build_resnet(ResNetConfig(architecture, classes=4)).eval()

    with torch.inference_mode():
        logits = network(torch.randn(2, 1, 64, 64))

    assert logits.shape == (2, 4)


def test_unknown_architecture_is_named() -> None:
    with pytest.raises(ArgumentsError, match=r"vgg16.*resnet18, resnet50, resnet101"):
        build_resnet(ResNetConfig("vgg16", classes=3))
