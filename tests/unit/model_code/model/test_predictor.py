from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sonomodel.errors import ModelError, WeightsError
from sonomodel.model import components
from sonomodel.model.predictor import Classifier, Segmenter, load_predictor, scale_to_threshold
from sonomodel.networks.unet import UNet, UNetConfig
from tests.unit.model_code.conftest import card

NOISE = np.random.default_rng(0).integers(0, 256, (41, 77), dtype=np.uint8)


@pytest.mark.parametrize("threshold", [0.1, 0.35, 0.5, 0.9])
def test_level_128_is_exactly_the_threshold(threshold: float) -> None:
    near = threshold + np.linspace(-1e-3, 1e-3, 2001)
    probabilities = np.concatenate([np.linspace(0, 1, 5001), near]).astype(np.float32)

    levels = scale_to_threshold(probabilities, threshold)

    np.testing.assert_array_equal(levels >= 128, probabilities >= threshold)


def test_levels_rise_with_the_probability_and_use_the_whole_range() -> None:
    levels = scale_to_threshold(np.linspace(0, 1, 1000, dtype=np.float32), 0.3).astype(int)

    assert (levels[0], levels[-1]) == (0, 255)
    assert (np.diff(levels) >= 0).all()


def test_classifier_gives_every_class_a_probability(classifier_dir: Path) -> None:
    classifier = load_predictor(classifier_dir)

    assert isinstance(classifier, Classifier)
    probabilities = classifier.probabilities(NOISE)
    assert list(probabilities) == ["benign", "malignant", "normal"]
    assert sum(probabilities.values()) == pytest.approx(1)


def test_lesion_map_has_the_size_of_its_image(segmenter_dir: Path) -> None:
    segmenter = load_predictor(segmenter_dir)

    assert isinstance(segmenter, Segmenter)
    lesion_map = segmenter.lesion_map(NOISE)
    assert lesion_map.shape == NOISE.shape
    assert lesion_map.dtype == np.uint8


@pytest.fixture
def damaged(classifier_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(classifier_dir, tmp_path / "model"))


def change_card(folder: Path, **fields: object) -> None:
    content = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(content | fields))


def test_model_of_an_unknown_task_is_refused(damaged: Path) -> None:
    change_card(damaged, task="detection")

    with pytest.raises(ModelError, match="unknown task 'detection'"):
        load_predictor(damaged)


def test_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json"):
        load_predictor(tmp_path)


def test_weights_of_another_network_are_refused(damaged: Path) -> None:
    change_card(damaged, network={"architecture": "resnet50", "classes": 3})

    with pytest.raises(WeightsError, match="do not fit the network"):
        load_predictor(damaged)


def test_truncated_weights_are_refused(damaged: Path) -> None:
    path = damaged / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(WeightsError, match="not a usable safetensors file"):
        load_predictor(damaged)


def changed(source: Path, folder: Path, **fields: object) -> Classifier | Segmenter:
    """The model with other fields in its card."""
    shutil.copytree(source, folder)
    change_card(folder, **fields)
    return load_predictor(folder)


def test_temperature_flattens_probabilities_and_keeps_their_order(
    classifier_dir: Path, tmp_path: Path
) -> None:
    plain = load_predictor(classifier_dir)
    warm = changed(classifier_dir, tmp_path / "warm", temperature=2.0)
    assert isinstance(plain, Classifier)
    assert isinstance(warm, Classifier)

    before, after = plain.probabilities(NOISE), warm.probabilities(NOISE)

    odds = before["benign"] / before["normal"]
    assert after["benign"] / after["normal"] == pytest.approx(odds**0.5)


def test_flipped_answers_are_averaged(
    classifier_dir: Path, segmenter_dir: Path, tmp_path: Path
) -> None:
    """So a mirrored image gets the mirrored answer."""
    square = NOISE[:, :41]  # fits its frame without a margin, which may be uneven
    classifier = changed(classifier_dir, tmp_path / "classifier", test_time_flip=True)
    assert isinstance(classifier, Classifier)

    here, there = classifier.probabilities(square), classifier.probabilities(square[:, ::-1].copy())
    assert here == pytest.approx(there, rel=1e-3)

    def masks(flip: bool) -> tuple[torch.Tensor, torch.Tensor]:
        loaded = changed(segmenter_dir, tmp_path / f"segmenter{flip}", test_time_flip=flip)
        assert isinstance(loaded, Segmenter)
        frames = (square, square[:, ::-1].copy())
        first, second = (loaded.logits(frame, loaded.letterbox(frame)).mask for frame in frames)
        return first, second.flip(-1)

    torch.testing.assert_close(*masks(flip=True), rtol=0, atol=1e-2)
    plain, mirrored = masks(flip=False)
    assert (plain - mirrored).abs().max() > 1e-2


@pytest.fixture
def marking(segmenter_dir: Path, tmp_path: Path) -> Callable[..., Segmenter]:
    """A segmenter with a threshold at which it marks a good part of the noise."""
    plain = load_predictor(segmenter_dir)
    assert isinstance(plain, Segmenter)
    letterbox = plain.letterbox(NOISE)
    mask = torch.sigmoid(plain.logits(NOISE, letterbox).detached().mask)
    threshold = float(mask.quantile(0.7))

    def load(**fields: object) -> Segmenter:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        loaded = changed(segmenter_dir, folder, threshold=threshold, **fields)
        assert isinstance(loaded, Segmenter)
        return loaded

    return load


def test_area_gate_leaves_an_empty_mask(marking: Callable[..., Segmenter]) -> None:
    plain, gated = marking(), marking(minimum_area=0.9)

    assert (plain.lesion_map(NOISE) >= 128).any()
    assert gated.lesion_map(NOISE).max() == 127
    below = plain.lesion_map(NOISE) < 128
    np.testing.assert_array_equal(gated.lesion_map(NOISE)[below], plain.lesion_map(NOISE)[below])


def test_largest_component_is_what_is_left(marking: Callable[..., Segmenter]) -> None:
    plain = marking().lesion_map(NOISE) >= 128
    tidied = marking(largest_component=True).lesion_map(NOISE) >= 128

    np.testing.assert_array_equal(tidied, components.largest(plain))
    assert 0 < tidied.sum() < plain.sum()


@pytest.mark.parametrize(("bias", "found"), [(4.0, True), (-4.0, False)])
def test_presence_head_gates_the_mask(bias: float, found: bool) -> None:
    torch.manual_seed(0)
    config = UNetConfig(base_channels=4, depth=2, presence=True)
    network = UNet(config)
    assert network.presence is not None
    torch.nn.init.zeros_(network.presence.classify.weight)
    torch.nn.init.constant_(network.presence.classify.bias, bias)
    model = dataclasses.replace(
        card("segmentation"), network=dataclasses.asdict(config), threshold=0.01
    )
    gated = dataclasses.replace(model, minimum_presence=0.5)

    assert (Segmenter(network, gated).lesion_map(NOISE) >= 128).any() == found
    assert (Segmenter(network, model).lesion_map(NOISE) >= 128).any()


def test_cards_from_before_these_decisions_decide_nothing(
    segmenter_dir: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(segmenter_dir, tmp_path / "old"))
    content = json.loads((folder / "model.json").read_text())
    for name in ("temperature", "minimum_presence", "minimum_area", "largest_component"):
        del content[name]
    del content["test_time_flip"]
    content["network"] = {"base_channels": 4, "depth": 2}
    (folder / "model.json").write_text(json.dumps(content))

    old, new = load_predictor(folder), load_predictor(segmenter_dir)

    assert isinstance(old, Segmenter)
    assert isinstance(new, Segmenter)
    np.testing.assert_array_equal(old.lesion_map(NOISE), new.lesion_map(NOISE))


def test_segmenter_without_threshold_is_refused(segmenter_dir: Path, tmp_path: Path) -> None:
    segmenter = changed(segmenter_dir, tmp_path / "model", threshold=None)

    assert isinstance(segmenter, Segmenter)
    with pytest.raises(ModelError, match="threshold"):
        segmenter.lesion_map(NOISE)
