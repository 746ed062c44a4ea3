"""Whether a classifier tells pictures that are unlike those it learned from.

    python -m benchmarks.other_pictures --fold FOLDER --model FOLDER/classification-…/model \
        --out docs/results/other_pictures.json

FOLDER is a fold as `benchmarks.quality` lays it out, with the folders train, validation and test.
What the training images are like is measured with the model's own network and the threshold taken
from the validation images, as a training does it. Shown are the test images, which are of the same
kind: what is told of them is a false alarm. Then the same test images changed (inverted, turned,
blurred, darkened, with patches of colour Doppler turned grey), and pictures of other kinds:
photographs, noise, plain ones, phantoms.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_images

# As in its container, where the source directory is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model_code"))

from local.demo import phantoms
from sonomodel.images.preprocessing import Letterbox
from sonomodel.images.samples import load_images, read_channel
from sonomodel.model import familiarity
from sonomodel.model.familiarity import Familiarity
from sonomodel.model.predictor import Classifier, load_predictor

RESULT = Path(__file__).resolve().parents[1] / "docs/results/other_pictures.json"
RATE = 0.02
PATCHES = 12  # of colour on an image
WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in grey (ITU-R BT.601)

Grey = NDArray[np.uint8]
Change = Callable[[Grey, np.random.Generator], Grey]


def doppler(image: Grey, generator: np.random.Generator) -> Grey:
    """Red and blue patches in the middle, then all in grey."""
    height, width = image.shape
    down, across = np.mgrid[:height, :width]
    colours = np.repeat(image[:, :, None], 3, axis=2).astype(float)
    for number in range(PATCHES):
        top, left = generator.uniform(0.3, 0.7, 2) * (height, width)
        radius = generator.uniform(0.03, 0.08) * width
        green = float(generator.integers(0, 80))
        inside = (down - top) ** 2 + (across - left) ** 2 < radius**2
        colours[inside] = (255, green, 0) if number % 2 else (0, green, 255)
    return (colours @ WEIGHTS).astype(np.uint8)


def blurred(image: Grey, _: np.random.Generator) -> Grey:
    radius = image.shape[1] / 60
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


CHANGES: dict[str, Change] = {
    "as they are": lambda image, _: image,
    "inverted": lambda image, _: 255 - image,
    "upside down": lambda image, _: image[::-1],
    "on end": lambda image, _: np.rot90(image),
    "blurred": blurred,
    "at a seventh of their brightness": lambda image, _: image // 7,
    "with colour Doppler, in grey": doppler,
}


def others(folder: Path, generator: np.random.Generator, seed: int) -> Iterator[tuple[str, Grey]]:
    for picture in load_sample_images().images:
        yield "photographs", (picture @ WEIGHTS).astype(np.uint8)
    for _ in range(10):
        yield "noise", generator.integers(0, 256, (300, 400), dtype=np.uint8)
    for level in (0, 128, 255):
        yield "plain", np.full((300, 400), level, dtype=np.uint8)
    phantoms.write_channels(folder, images_per_class=10, seed=seed)
    for sample in read_channel(folder / "train", phantoms.KINDS):
        yield "phantoms", sample.read_image()


class Judge:
    """A model that knows its training images, and the threshold of its validation images."""

    def __init__(self, model: Classifier, fold: Path) -> None:
        self.model, self.side = model, model.card.image_size
        parts = [
            load_images(fold / n, model.card.classes, self.side) for n in ("train", "validation")
        ]
        known = Familiarity.of(self._features(parts[0].images))
        if known is None:
            raise SystemExit(f"{fold} has too few training images to say what they are like")
        self.known = known
        distances = known.distances(self._features(parts[1].images))
        self.chosen = familiarity.choose(distances, RATE)

    def _features(self, frames: torch.Tensor) -> torch.Tensor:
        return familiarity.measure(self.model.network, frames, self.model.card.normalisation)

    def distance(self, image: Grey) -> float:
        frame = Letterbox(image.shape[1], image.shape[0], self.side).fit(
            np.ascontiguousarray(image)
        )
        return float(self.known.distances(self._features(torch.from_numpy(frame)[None, None]))[0])

    def told(self, images: Sequence[Grey]) -> dict[str, Any]:
        distances = [self.distance(image) for image in images]
        unlike = sum(distance > self.chosen["threshold"] for distance in distances)
        return {
            "images": len(images),
            "unlike": unlike,
            "median_distance": round(float(np.median(distances)), 3),
        }


def run(given: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(given.threads)
    model = load_predictor(given.model)
    if not isinstance(model, Classifier):
        raise SystemExit(f"{given.model} holds no classifier")
    judge = Judge(model, given.fold)
    generator = np.random.default_rng(given.seed)
    shown: dict[str, list[Grey]] = {}
    for sample in read_channel(given.fold / "test", model.card.classes):
        for name, change in CHANGES.items():
            shown.setdefault(f"test images, {name}", []).append(
                change(sample.read_image(), generator)
            )
    with tempfile.TemporaryDirectory() as folder:
        for name, image in others(Path(folder), generator, given.seed):
            shown.setdefault(name, []).append(image)
    return {
        "command": "python -m benchmarks.other_pictures",
        "seed": given.seed,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "model": {
            name: getattr(model.card, name) for name in ("architecture", "image_size", "pretrained")
        },
        "fold": given.fold.name,
        "chosen": judge.chosen,
        "pictures": {name: judge.told(images) for name, images in shown.items()},
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fold", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    result = run(given)
    for name, told in result["pictures"].items():
        print(f"{name}: {told['unlike']} of {told['images']} are told")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
