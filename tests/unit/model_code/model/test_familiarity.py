from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_images
from torch import Tensor

from local.demo.phantoms import write_channels
from sonomodel.errors import ModelError
from sonomodel.images.preprocessing import GreyImage, Letterbox, Normalisation
from sonomodel.images.samples import load_images
from sonomodel.model import familiarity
from sonomodel.model.artifact import write_model
from sonomodel.model.familiarity import Familiarity
from sonomodel.model.predictor import Classifier, load_predictor
from sonomodel.networks.resnet import ResNetConfig, build_resnet
from tests.unit.model_code.conftest import CLASSES, card

SIDE = 64
DIRECTIONS = torch.randn(3, 12, generator=torch.Generator().manual_seed(9))


def features(images: int, seed: int = 0) -> Tensor:
    """Of a kind: normally distributed, some together."""
    generator = torch.Generator().manual_seed(seed)
    together = torch.randn(images, 3, generator=generator) @ DIRECTIONS
    return together + 0.1 * torch.randn(images, 12, generator=generator) + 3


def test_more_of_the_kind_is_as_far_as_the_first_and_others_are_farther() -> None:
    known = Familiarity.of(features(400))
    assert known is not None

    more = known.distances(features(300, seed=1)).mean()
    shifted = known.distances(features(300, seed=1) + 2).mean()
    beside = known.distances(features(300, seed=1) + torch.tensor([0.5, -0.5] * 6)).mean()

    assert more == pytest.approx(1, rel=0.1)
    assert shifted > 2 * more
    assert beside > 5 * more


def test_of_too_few_images_nothing_is_known() -> None:
    assert Familiarity.of(features(7)) is None
    assert Familiarity.of(features(8)) is not None


def test_features_that_never_change_are_no_obstacle() -> None:
    known = Familiarity.of(torch.cat([features(50), torch.ones(50, 1)], dim=1))
    assert known is not None

    distances = known.distances(torch.cat([features(9, 1), torch.ones(9, 1)], dim=1))

    assert distances.isfinite().all()
    assert known.distances(torch.cat([features(9, 1), torch.zeros(9, 1)], dim=1)).min() > 1000


@pytest.mark.parametrize(
    ("images", "rate", "promised", "beyond"),
    [(199, 0.05, 0.05, 9), (99, 0.02, 0.02, 1), (9, 0.02, 0.1, 0), (1, 0.02, 0.5, 0)],
)
def test_the_threshold_leaves_the_stated_share_beyond(
    images: int, rate: float, promised: float, beyond: int
) -> None:
    chosen = familiarity.choose(torch.arange(images).float(), rate)

    assert chosen["rate"] == pytest.approx(promised)
    assert chosen["validation"] == {"images": images, "unlike": beyond}


def test_a_stated_share_holds_for_images_that_had_no_say() -> None:
    known = Familiarity.of(features(400))
    assert known is not None

    threshold = familiarity.choose(known.distances(features(200, 1)), 0.05)["threshold"]

    others = familiarity.unlike(known.distances(features(2000, 2)), threshold)
    assert others["unlike"] / 2000 < 0.09


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """Of random weights, which see enough; it knows phantoms, and came through its directory."""
    folder = tmp_path_factory.mktemp("channels")
    write_channels(folder, images_per_class=40, seed=3, size=(60, 90))
    torch.manual_seed(1)
    network = build_resnet(ResNetConfig("resnet18", 3)).eval()
    train = load_images(folder / "train", CLASSES, SIDE)
    validation = load_images(folder / "validation", CLASSES, SIDE)
    scale = train.normalisation()
    known = Familiarity.of(familiarity.measure(network, train.images, scale))
    assert known is not None
    distances = known.distances(familiarity.measure(network, validation.images, scale))
    told = dataclasses.replace(
        card("classification"),
        image_size=SIDE,
        normalisation=scale,
        familiarity=familiarity.choose(distances, 0.02),
    )
    write_model(folder / "model", network, told, known)
    loaded = load_predictor(folder / "model")
    assert isinstance(loaded, Classifier)
    return loaded


def others() -> dict[str, GreyImage]:
    generator = np.random.default_rng(0)
    photographs = [
        np.asarray(one).mean(axis=2).astype(np.uint8) for one in load_sample_images().images
    ]
    stripes = np.tile(np.arange(90, dtype=np.uint8) % 8 * 30, (60, 1))
    return {
        "noise": generator.integers(0, 256, (60, 90), dtype=np.uint8),
        "white": np.full((60, 90), 255, dtype=np.uint8),
        "stripes": stripes,
        "china": photographs[0],
        "flower": photographs[1],
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(others()))
def test_other_kinds_of_pictures_are_told(classifier: Classifier, name: str) -> None:
    assert classifier.answer(others()[name]).unlike_training is True


@pytest.mark.slow
def test_more_phantoms_are_not(classifier: Classifier, tmp_path: Path) -> None:
    write_channels(tmp_path, images_per_class=20, seed=99, size=(60, 90))
    fresh = load_images(tmp_path / "train", CLASSES, SIDE)

    said = [classifier.answer(sample.read_image()).unlike_training for sample in fresh.samples]

    assert sum(map(bool, said)) <= 0.15 * len(said)


def test_a_model_of_before_says_nothing_of_it(classifier_dir: Path) -> None:
    classifier = load_predictor(classifier_dir)

    assert isinstance(classifier, Classifier)
    assert classifier.answer(others()["noise"]).unlike_training is None


def test_a_file_of_something_else_is_no_description(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"familiarity\.safetensors does not say"):
        Familiarity.load(tmp_path)


def test_what_is_measured_is_what_is_served() -> None:
    torch.manual_seed(2)
    network = build_resnet(ResNetConfig("resnet18", 3)).eval()
    image = np.random.default_rng(1).integers(0, 256, (60, 90), dtype=np.uint8)
    frame = torch.from_numpy(Letterbox(90, 60, SIDE).fit(image))[None, None]
    found = familiarity.measure(network, frame, Normalisation(0.3, 0.2))
    known = Familiarity.of(found + 1e-3 * torch.randn(16, found.shape[1]))
    assert known is not None
    told = dataclasses.replace(
        card("classification"), image_size=SIDE, familiarity={"threshold": 2.0}
    )

    assert Classifier(network, told, known).answer(image).unlike_training is False
