from __future__ import annotations

import pytest
import torch

from sonomodel.networks import backbones
from sonomodel.networks.classifier import ClassifierConfig, build_classifier
from sonomodel.networks.encoder_unet import build_segmenter
from sonomodel.networks.resnet import LesionAware
from sonomodel.networks.unet import UNetConfig

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


@pytest.mark.parametrize("architecture", NETWORKS)
def test_the_encoder_is_all_but_what_is_new(architecture: str) -> None:
    classifier = build_classifier(ClassifierConfig(architecture, classes=3))
    segmenter = build_segmenter(UNetConfig(encoder=architecture))
    inside = {id(one) for name, one in classifier.named_parameters() if not name.startswith("fc.")}

    for network in (classifier, LesionAware(classifier)):
        assert set(map(id, backbones.encoder_parameters(network))) == inside
    names = {id(one): name for name, one in segmenter.named_parameters()}
    found = {names[id(one)] for one in backbones.encoder_parameters(segmenter)}
    assert found == {
        name for name in names.values() if name.startswith("encoder.") and ".fc." not in name
    }


def test_a_plain_u_net_has_no_encoder_of_its_own() -> None:
    assert backbones.encoder_parameters(build_segmenter(UNetConfig(4, 2))) == []
