from __future__ import annotations

import dataclasses

import pytest
import torch

from sonomodel.errors import ArgumentsError
from sonomodel.networks.unet import UNet, UNetConfig

SMALL = UNetConfig(base_channels=4, depth=3)
VARIANTS = [SMALL, dataclasses.replace(SMALL, presence=True)]


@pytest.mark.parametrize("config", VARIANTS)
@pytest.mark.parametrize("size", [(32, 32), (33, 47), (7, 130), (1, 1)])
def test_answers_at_the_size_of_its_input(config: UNetConfig, size: tuple[int, int]) -> None:
    logits = UNet(config).eval()(torch.randn(2, 1, *size))

    assert logits.mask.shape == (2, 1, *size)
    assert (logits.presence is not None) == config.presence
    assert logits.presence is None or logits.presence.shape == (2,)


def test_padding_does_not_change_sizes_that_divide() -> None:
    network = UNet(UNetConfig(base_channels=4, depth=2)).eval()
    image = torch.randn(1, 1, 24, 32)

    features = network._pad(image)

    assert torch.equal(features, image)


@pytest.mark.parametrize(("depth", "coarsest"), [(1, 8), (3, 32)])
def test_width_doubles_with_every_level(depth: int, coarsest: int) -> None:
    network = UNet(UNetConfig(base_channels=4, depth=depth))

    widths = {tensor.shape[0] for tensor in network.contract.state_dict().values() if tensor.ndim}

    assert max(widths) == coarsest


@pytest.mark.parametrize("config", VARIANTS)
def test_every_parameter_is_used(config: UNetConfig) -> None:
    network = UNet(config)

    logits = network(torch.randn(2, 1, 64, 64))
    heads = [logits.mask, *([] if logits.presence is None else [logits.presence])]
    sum(head.square().sum() for head in heads).backward()

    unused = [name for name, value in network.named_parameters() if not value.grad.abs().sum()]
    # a bias in front of batch normalisation has no effect, and there is none
    assert unused == []


def test_presence_sees_the_whole_image() -> None:
    torch.manual_seed(0)
    network = UNet(UNetConfig(base_channels=4, depth=3, presence=True)).eval()
    image = torch.zeros(1, 1, 64, 64)
    spotted = image.clone()
    spotted[..., 60:, 60:] = 5

    assert not torch.equal(network(image).presence, network(spotted).presence)


def test_network_without_levels_is_refused() -> None:
    with pytest.raises(ArgumentsError, match="depth=0"):
        UNet(UNetConfig(depth=0))
