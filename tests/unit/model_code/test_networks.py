from __future__ import annotations

import pytest
import torch

from errors import ArgumentsError
from networks import ResNetConfig, UNet, UNetConfig, build_resnet


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (7, 130), (1, 1)])
def test_unet_answers_at_the_size_of_its_input(size: tuple[int, int]) -> None:
    network = UNet(UNetConfig(base_channels=4, depth=3)).eval()

    logits = network(torch.randn(2, 1, *size))

    assert logits.shape == (2, 1, *size)


def test_unet_padding_does_not_change_sizes_that_divide() -> None:
    network = UNet(UNetConfig(base_channels=4, depth=2)).eval()
    image = torch.randn(1, 1, 24, 32)

    features = network._pad(image)

    assert torch.equal(features, image)


@pytest.mark.parametrize(("depth", "coarsest"), [(1, 8), (3, 32)])
def test_unet_doubles_its_width_with_every_level(depth: int, coarsest: int) -> None:
    network = UNet(UNetConfig(base_channels=4, depth=depth))

    widths = {tensor.shape[0] for tensor in network.contract.state_dict().values() if tensor.ndim}

    assert max(widths) == coarsest


def test_unet_uses_every_parameter() -> None:
    network = UNet(UNetConfig(base_channels=4, depth=2))

    network(torch.randn(2, 1, 16, 16)).square().sum().backward()

    unused = [name for name, value in network.named_parameters() if not value.grad.abs().sum()]
    # a bias in front of batch normalisation has no effect, and there is none
    assert unused == []


def test_unet_without_levels_is_refused() -> None:
    with pytest.raises(ArgumentsError, match="depth=0"):
        UNet(UNetConfig(depth=0))


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50", "resnet101"])
def test_resnet_takes_one_grey_channel(architecture: str) -> None:
    network = build_resnet(ResNetConfig(architecture, classes=4)).eval()

    with torch.inference_mode():
        logits = network(torch.randn(2, 1, 64, 64))

    assert logits.shape == (2, 4)


def test_unknown_architecture_is_named() -> None:
    with pytest.raises(ArgumentsError, match=r"vgg16.*resnet18, resnet50, resnet101"):
        build_resnet(ResNetConfig("vgg16", classes=3))
