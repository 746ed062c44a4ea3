from __future__ import annotations

import pytest
import torch

from sonomodel.errors import ArgumentsError
from sonomodel.networks.classifier import ARCHITECTURES, ClassifierConfig, build_classifier


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_takes_one_grey_channel(architecture: str) -> None:
    network = build_classifier(ClassifierConfig(architecture, classes=4)).eval()

    with torch.inference_mode():
        assert network(torch.randn(2, 1, 64, 48)).shape == (2, 4)


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(ArgumentsError, match=r"vgg16.*resnet18.*efficientnet_lite2"):
        build_classifier(ClassifierConfig("vgg16", classes=3))
