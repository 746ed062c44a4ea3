from __future__ import annotations

import pytest
import torch
from torch import nn

from sonomodel.diagnostics.observations import (
    ActivityWatch,
    layer_starts,
    mean_gradients,
    saturation_of_classes,
    saturation_of_masks,
)
from sonomodel.networks.classifier import ARCHITECTURES, ClassifierConfig, build_classifier
from sonomodel.networks.resnet import ResNetConfig, build_resnet
from sonomodel.networks.unet import LesionLogits, UNet, UNetConfig


def test_gain_is_what_a_layer_does_to_a_signal() -> None:
    network = nn.Sequential(nn.Linear(400, 300, bias=False))
    nn.init.normal_(network[0].weight, std=0.1)

    gain = layer_starts(network)["0"].gain

    signal = torch.randn(200, 400)
    assert gain == pytest.approx(float(network(signal).detach().std() / signal.std()), rel=0.05)
    assert gain == pytest.approx(2, rel=0.05)


def test_units_alike_are_seen_in_every_kind_of_layer() -> None:
    layers = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ConvTranspose2d(3, 2, 2), nn.Linear(4, 2))
    assert not any(start.identical for start in layer_starts(layers).values())

    for layer in layers:
        nn.init.constant_(layer.weight, 0.1)

    assert all(start.identical for start in layer_starts(layers).values())


@pytest.mark.parametrize(
    "network",
    [
        *(build_classifier(ClassifierConfig(name, 3)) for name in ARCHITECTURES),
        UNet(UNetConfig()),
    ],
    ids=[*ARCHITECTURES, "unet"],
)
def test_our_networks_start_well(network: nn.Module) -> None:
    starts = layer_starts(network).values()

    assert not any(start.identical for start in starts)
    assert min(start.gain for start in starts) > 0.1
    assert max(start.gain for start in starts) < 5


def test_mean_gradients_undo_clipping() -> None:
    network = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Linear(1, 1))
    network[0].weight.grad = torch.tensor([[0.1, -0.3]])

    assert mean_gradients(network, clipped_by=0.5) == {"0": pytest.approx(0.4)}


def half_dead(dead: int) -> nn.Module:
    network = nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU())
    nn.init.constant_(network[0].weight, 1.0)
    nn.init.constant_(network[0].bias, 0.0)
    with torch.no_grad():
        network[0].bias[:dead] = -5
    return network


def test_dead_units_never_answer() -> None:
    network = half_dead(3)

    with ActivityWatch(network) as watch:
        network(torch.rand(2, 1, 16, 16))
        network(torch.rand(2, 1, 16, 16))
        assert watch.dead_units() == {"1:1": pytest.approx(3 / 8)}
    network(torch.full((1, 1, 16, 16), 9.0))  # not watched any more

    assert watch.dead_units() == {"1:1": pytest.approx(3 / 8)}


def test_a_unit_that_answers_once_lives() -> None:
    network = half_dead(3)

    with ActivityWatch(network) as watch:
        network(torch.rand(2, 1, 16, 16))
        network(torch.full((1, 1, 16, 16), 9.0))

    assert watch.dead_units() == {"1:1": 0}


def test_too_few_places_prove_nothing() -> None:
    network = half_dead(3)

    with ActivityWatch(network) as watch:
        network(torch.rand(3, 1, 2, 2))

    assert watch.dead_units() == {}


def test_one_module_used_twice_is_two_layers() -> None:
    network = build_resnet(ResNetConfig("resnet18", 3)).eval()

    with ActivityWatch(network) as watch, torch.inference_mode():
        network(torch.randn(8, 1, 64, 64))
        network(torch.randn(8, 1, 64, 64))

    assert {"relu:1", "layer1.0.relu:1", "layer1.0.relu:2"} <= watch.dead_units().keys()
    assert not any(name.endswith(":3") for name in watch.dead_units())


def test_saturation_counts_classes_alike() -> None:
    logits = torch.tensor([[20.0, 0, 0]] * 9 + [[20.0, 0, 0]])
    labels = torch.tensor([0] * 9 + [1])

    assert saturation_of_classes(logits, labels) == pytest.approx(0.5)
    assert saturation_of_classes(logits / 10, labels) == 0


def test_saturation_of_masks_counts_lesion_and_background_alike() -> None:
    masks = torch.zeros(1, 1, 10, 10)
    masks[..., :2, :] = 1
    nothing = LesionLogits(torch.full((1, 1, 10, 10), -30.0), None)

    assert saturation_of_masks(nothing, masks) == pytest.approx(0.5)
    assert saturation_of_masks(nothing, torch.zeros_like(masks)) == 0
    assert saturation_of_masks(LesionLogits(nothing.mask / 10, None), masks) == 0
