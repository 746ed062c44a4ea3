"""Processor time of an answer, one image at a time: EfficientNet-Lite0 beside the larger networks.

    python -m benchmarks.serving_speed --out docs/results/serving_speed.json

The whole of it, as serving computes it: a grey image of 500 by 400 pixels into the network's frame,
the network in float32, its answer back. All models are asked in turn, in one process of one thread,
and processor time is what counts, so that other work on the machine disturbs little. Weights are
random: they change no time. Each ratio is between medians of the same rounds.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

# As in its container, where the source directory is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model_code"))

from sonomodel.images.preprocessing import Normalisation
from sonomodel.model.card import ModelCard
from sonomodel.model.predictor import Classifier, Segmenter
from sonomodel.networks.classifier import ClassifierConfig, build_classifier
from sonomodel.networks.encoder_unet import build_segmenter
from sonomodel.networks.unet import UNetConfig

RESULT = Path(__file__).resolve().parents[1] / "docs/results/serving_speed.json"
CLASSES = ["benign", "malignant", "normal"]
CLASSIFIERS = {"resnet50": 224, "resnet18": 224, "efficientnet_lite0": 224}
SEGMENTERS = {"plain": 256, "resnet18": 256, "efficientnet_lite0": 256}
COMPARED = {  # ours: what it is compared with
    "classifier efficientnet_lite0": "classifier resnet50",
    "segmenter efficientnet_lite0": "segmenter plain",
}
Ask = Callable[[Any], object]


def card(task: str, network: ClassifierConfig | UNetConfig, side: int) -> ModelCard:
    return ModelCard(
        task=task,
        name=task,
        version="none",
        architecture=network.architecture,
        network=dataclasses.asdict(network),
        classes=CLASSES,
        image_size=side,
        normalisation=Normalisation(0.3, 0.2),
        threshold=0.5,
        dataset_version="none",
        code_digest="none",
        torch_version=torch.__version__,
        hyperparameters={},
    )


def models(size: int | None) -> dict[str, Ask]:
    """By name; `size`: another frame's side than usual, for all."""
    found: dict[str, Ask] = {}
    for name, side in CLASSIFIERS.items():
        config = ClassifierConfig(name, len(CLASSES))
        described = card("classification", config, size or side)
        found[f"classifier {name}"] = Classifier(build_classifier(config), described).probabilities
    for name, side in SEGMENTERS.items():
        unet = UNetConfig(encoder=name, presence=True)
        described = card("segmentation", unet, size or side)
        found[f"segmenter {name}"] = Segmenter(build_segmenter(unet), described).lesion_map
    return found


def measure(rounds: int, size: int | None) -> dict[str, list[float]]:
    """Milliseconds of each round, by model; a first round is not counted."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    image = np.random.default_rng(0).integers(0, 256, (400, 500), dtype=np.uint8)
    asked = models(size)
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(rounds + 1):
        for name, ask in asked.items():
            started = time.process_time()
            ask(image)
            if number:
                taken[name].append(1000 * (time.process_time() - started))
    return taken


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--size", type=int, help="side of every network's frame, for a quick look")
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    medians = {
        name: statistics.median(values)
        for name, values in measure(given.rounds, given.size).items()
    }
    result = {
        "command": f"python -m benchmarks.serving_speed --rounds {given.rounds}",
        "seed": 0,
        "device": f"{platform.machine()}, {os.cpu_count()} cores, one thread, float32",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "sides": {"classifier": CLASSIFIERS, "segmenter": SEGMENTERS, "all": given.size},
        "ms_of_processor_time": {name: round(value, 1) for name, value in medians.items()},
        "times_faster": {
            f"{name} than {other}": round(medians[other] / medians[name], 2)
            for name, other in COMPARED.items()
        },
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
