from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from errors import ModelError, WeightsError
from predictor import Classifier, Segmenter, load_predictor, scale_to_threshold

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


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"task": "detection"}, "unknown task 'detection'"),
        ({"schema_version": 2}, "schema version 2"),
        ({"colour": "blue"}, "colour"),
        ({"normalisation": None}, "does not describe a model"),
    ],
)
def test_card_that_cannot_be_used_is_refused(
    damaged: Path, fields: dict[str, object], reason: str
) -> None:
    change_card(damaged, **fields)

    with pytest.raises(ModelError, match=reason):
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
