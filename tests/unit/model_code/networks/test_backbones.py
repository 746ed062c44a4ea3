from __future__ import annotations

import pytest
import torch

from sonomodel.networks import backbones
from sonomodel.networks.classifier import ClassifierConfig, build_classifier
from sonomodel.networks.resnet import LesionAware

NETWORKS = ["resnet18", "resnet50", "efficientnet_lite0"]


@pytest.mark.parametrize("architecture", NETWORKS)
def test_levels_have_the_channels_and_sizes_that_are_said(architecture: str) -> None:
    network = build_classifier(ClassifierConfig(architecture, classes=3)).eval()

    with torch.inference_mode():
        levels = backbones.levels(network, torch.randn(2, 1, 64, 96))

    assert [level.shape[1] for level in levels] == list(backbones.widths(network))
    assert [tuple(level.shape[-2:]) for level in levels] == [
        (64 // 2**n, 96 // 2**n) for n in range(1, 6)
    ]


@pytest.mark.parametrize("architecture", NETWORKS)
def test_classes_follow_from_the_coarsest_level(architecture: str) -> None:
    network = build_classifier(ClassifierConfig(architecture, classes=3)).eval()
    images = torch.randn(2, 1, 64, 64)

    with torch.inference_mode():
        logits = backbones.classify(network, backbones.levels(network, images)[-1])

        assert torch.equal(logits, network(images))


@pytest.mark.parametrize("architecture", NETWORKS)
def test_masks_teach_every_layer_but_those_of_the_classes(architecture: str) -> None:
    network = build_classifier(ClassifierConfig(architecture, classes=3))

    LesionAware(network).train()(torch.randn(2, 1, 64, 64)).mask.square().sum().backward()

    untaught = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is None}
    assert untaught <= {"fc", "head"}
