from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sonomodel.errors import ArgumentsError
from sonomodel.networks import weights
from sonomodel.networks.classifier import ARCHITECTURES
from sonomodel.networks.encoder_unet import ENCODERS, EncoderUNet, build_segmenter
from sonomodel.networks.pretrained import start_from
from sonomodel.networks.resnet import ResNetConfig, build_resnet
from sonomodel.networks.unet import UNet, UNetConfig

VARIANTS = [
    UNetConfig(encoder="resnet18"),
    UNetConfig(encoder="resnet50", presence=True),
    UNetConfig(encoder="efficientnet_lite0"),
    UNetConfig(encoder="efficientnet_lite0", presence=True),
]


@pytest.mark.parametrize("config", VARIANTS)
@pytest.mark.parametrize("size", [(32, 32), (33, 47), (7, 130), (1, 1)])
def test_answers_at_the_size_of_its_input(config: UNetConfig, size: tuple[int, int]) -> None:
    logits = build_segmenter(config).eval()(torch.randn(2, 1, *size))

    assert logits.mask.shape == (2, 1, *size)
    assert (logits.presence is not None) == config.presence
    assert logits.presence is None or logits.presence.shape == (2,)


@pytest.mark.parametrize("config", VARIANTS)
def test_every_parameter_is_used(config: UNetConfig) -> None:
    network = build_segmenter(config)

    logits = network(torch.randn(2, 1, 64, 64))
    heads = [logits.mask, *([] if logits.presence is None else [logits.presence])]
    sum(head.square().sum() for head in heads).backward()

    unused = [name for name, value in network.named_parameters() if not value.grad.abs().sum()]
    # a bias in front of batch normalisation has no effect, and there is none
    assert unused == []


def test_the_encoder_decides_which_network_it_is() -> None:
    assert type(build_segmenter(UNetConfig(base_channels=4, depth=2))) is UNet
    assert type(build_segmenter(UNetConfig(encoder="resnet18"))) is EncoderUNet
    assert type(build_segmenter(UNetConfig(encoder="efficientnet_lite0"))) is EncoderUNet
    assert ("plain", *ARCHITECTURES) == ENCODERS


def test_unknown_encoder_is_named() -> None:
    with pytest.raises(ArgumentsError, match=r"vgg16.*plain, resnet18"):
        build_segmenter(UNetConfig(encoder="vgg16"))


@pytest.mark.parametrize("presence", [True, False])
def test_encoder_has_torchvisions_names(presence: bool) -> None:
    classifier = build_resnet(ResNetConfig("resnet18", classes=1))
    encoder: torch.nn.Module = build_segmenter(
        UNetConfig(encoder="resnet18", presence=presence)
    ).encoder  # type: ignore[assignment]

    without = set() if presence else {"fc.weight", "fc.bias"}
    assert encoder.state_dict().keys() == classifier.state_dict().keys() - without


@pytest.mark.parametrize("presence", [True, False])
def test_encoder_starts_from_a_published_resnet(presence: bool, tmp_path: Path) -> None:
    """Which has three input channels and a thousand classes."""
    published = dict(build_resnet(ResNetConfig("resnet18", classes=1000)).state_dict())
    published["conv1.weight"] = torch.randn(64, 3, 7, 7)
    weights.save(tmp_path / "resnet18.safetensors", published, {})
    network = build_segmenter(UNetConfig(encoder="resnet18", presence=presence))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    start_from(network, tmp_path)

    first = published["conv1.weight"].sum(dim=1, keepdim=True)
    for name, tensor in network.state_dict().items():
        source = name.removeprefix("encoder.")
        kept = source == name or source.startswith("fc.")
        expected = before[name] if kept else first if source == "conv1.weight" else None
        assert torch.equal(tensor, published[source] if expected is None else expected), name
