from __future__ import annotations

import pytest
import torch

from sonomodel.errors import ArgumentsError
from sonomodel.networks.resnet import LesionAware, ResNetConfig, build_resnet


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50", "resnet101"])
def test_resnet_takes_one_grey_channel(architecture: str) -> None:
    network = build_resnet(ResNetConfig(architecture, classes=4)).eval()

    with torch.inference_mode():
        logits = network(torch.randn(2, 1, 64, 64))

    assert logits.shape == (2, 4)


def test_unknown_architecture_is_named() -> None:
    with pytest.raises(ArgumentsError, match=r"vgg16.*resnet18, resnet50, resnet101"):
        build_resnet(ResNetConfig("vgg16", classes=3))


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
def test_lesion_aware_network_says_what_and_in_training_where(architecture: str) -> None:
    classifier = build_resnet(ResNetConfig(architecture, classes=3))
    network = LesionAware(classifier)
    images = torch.randn(2, 1, 72, 56)

    learnt = network.train()(images)
    with torch.inference_mode():
        served = network.eval()(images)
        alone = classifier(images)

    assert learnt.classes.shape == (2, 3)
    assert learnt.mask.shape == (2, 1, 18, 14)
    assert torch.equal(served, alone)


def test_masks_teach_the_layers_that_classify() -> None:
    classifier = build_resnet(ResNetConfig("resnet18", classes=3))

    LesionAware(classifier).train()(torch.randn(2, 1, 64, 64)).mask.square().sum().backward()

    untouched = [name for name, weights in classifier.named_parameters() if weights.grad is None]
    assert untouched == ["fc.weight", "fc.bias"]
