"""Images per second of the training loop, against a loop as torchvision's references write it.

    python -m benchmarks.training                         # phantoms
    python -m benchmarks.training --channels out/quality/busi-all-5-0/fold0   # of real images

Channels are folders train, validation and test, as benchmarks.quality leaves them for each fold.

Both sides train the same network from the same random weights at the same size and batch, with the
same loss and AdamW. The reference reads and decodes every image with Pillow in the workers of a
DataLoader, changes it with torchvision's transforms (resize, flip, affine, brightness and contrast)
and trains in float32; of several numbers of workers its best counts. Both validate after every
epoch. The product's loop does more: elastic field, speckle, gamma, depth gain and burned-in marks,
averaged weights, gradient norms, diagnostics, figures of the validation. It reads the images once,
before its first epoch; what stands for a loader then is augmentation, whose processor time for an
image is given beside.

The sides take turns, and the first epoch of each turn does not count. Other work on the machine
spoils the figures: `load_before` says how many processes were running. Writes
docs/results/training.json.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from local.demo import phantoms

# As in its container, where the source directory is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model_code"))

from sonomodel.images.augmentation import STRENGTHS
from sonomodel.images.samples import Sample, read_channel
from sonomodel.networks.resnet import ResNetConfig, build_resnet
from sonomodel.networks.torchvision_guard import load_torchvision
from sonomodel.networks.unet import UNet, UNetConfig
from sonomodel.training.losses import classification_loss, lesion_loss

ROOT = Path(__file__).resolve().parents[1]
CLASSES = ["benign", "malignant", "normal"]
SPLITS = ("train", "validation", "test")
BATCH, EPOCHS, ROUNDS = 16, 3, 2
WORKERS = (0, 2, 4)  # of the reference's loader
RESULT = ROOT / "docs/results/training.json"
RESNET = "train_classifier.py --lesion-weight 0 --architecture"
UNET = "train_segmenter.py --presence-head false --base-channels"
CASES = {  # name: side, the product's command
    "resnet18_64": (64, f"{RESNET} resnet18"),
    "resnet18_128": (128, f"{RESNET} resnet18"),
    "resnet50_224": (224, f"{RESNET} resnet50"),
    "unet16_128": (128, f"{UNET} 16"),
    "unet16_256": (256, f"{UNET} 16"),
}


class Pictures(Dataset[Any]):
    """Decoded anew whenever one is asked for, as a loader over a folder does."""

    def __init__(self, samples: Sequence[Sample], side: int, *, masks: bool, changed: bool) -> None:
        load_torchvision()
        v2 = importlib.import_module("torchvision.transforms.v2")
        self.samples, self.masks = samples, masks
        self.tensors = importlib.import_module("torchvision.tv_tensors")
        random = [
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(7, translate=(0.08, 0.08), scale=(0.85, 1.15)),
            v2.ColorJitter(brightness=0.1, contrast=0.25),
        ]
        self.change = v2.Compose(
            [
                v2.ToImage(),
                v2.Resize((side, side), antialias=True),
                *(random if changed else ()),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize([0.3], [0.2]),
            ]
        )

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: int) -> tuple[Tensor, Any]:
        sample = self.samples[place]
        image = Image.open(sample.image).convert("L")
        if not self.masks:
            return self.change(image), CLASSES.index(sample.label)
        mask = Image.open(sample.mask) if sample.mask else Image.new("L", image.size)
        pixels = torch.frombuffer(bytearray(mask.convert("L").tobytes()), dtype=torch.uint8)
        lesion = (pixels.reshape(1, image.size[1], image.size[0]) >= 128).float()
        changed, moved = self.change(image, self.tensors.Mask(lesion))
        return changed, moved.as_subclass(Tensor)


def network_of(case: str) -> nn.Module:
    name = case.partition("_")[0]
    if name.startswith("resnet"):
        return build_resnet(ResNetConfig(name, len(CLASSES)))
    return UNet(UNetConfig(base_channels=16, depth=4))


def reference(
    case: str, train: Sequence[Sample], validation: Sequence[Sample], workers: int
) -> Iterator[float]:
    """Seconds of each epoch."""
    masks, side = case.startswith("unet"), CASES[case][0]
    loss_of: Any = lesion_loss if masks else classification_loss
    network = network_of(case)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    batches: Any = functools.partial(
        DataLoader, batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0
    )
    pictures = Pictures(train, side, masks=masks, changed=True)
    loader = batches(pictures, shuffle=True)
    unchanged = Pictures(validation, side, masks=masks, changed=False)
    validation_loader = batches(unchanged)
    while True:
        started = time.perf_counter()
        network.train()
        for images, targets in loader:
            loss = loss_of(network(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            for images, targets in validation_loader:
                loss_of(network(images), targets)
        yield time.perf_counter() - started


def own(case: str, channels: Path) -> list[float]:
    """Seconds of each epoch, validation included, as the job itself writes them down."""
    side, command = CASES[case]
    with tempfile.TemporaryDirectory() as folder:
        script, *options = command.split()
        argv = [sys.executable, str(ROOT / "model_code" / script), *options, "--classes"]
        argv += [json.dumps(CLASSES), "--image-size", str(side), "--epochs", str(EPOCHS)]
        argv += ["--batch-size", str(BATCH), "--seed", "0"]
        argv += ["--model-dir", folder, "--output-data-dir", folder]
        for name in SPLITS:
            argv += [f"--{name}", str(channels / name)]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        history = json.loads((Path(folder) / "history.json").read_text())
    return [epoch["seconds"] for epoch in history["epochs"]]


def augmentation(case: str) -> float:
    """Milliseconds of processor time for an image: all of it, and with a mask where one is used."""
    side, generator = CASES[case][0], torch.Generator().manual_seed(0)
    images = torch.rand(BATCH, 1, side, side, generator=generator)
    masks = (images > 0.5).float() if case.startswith("unet") else None
    repeats = 20
    STRENGTHS["full"](images, masks, generator)
    began = time.process_time()
    for _ in range(repeats):
        STRENGTHS["full"](images, masks, generator)
    return (time.process_time() - began) / repeats / BATCH * 1000


def measure(case: str, channels: Path) -> dict[str, Any]:
    train, validation = (read_channel(channels / name, CLASSES) for name in SPLITS[:2])
    ours: list[float] = []
    theirs: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    for _ in range(ROUNDS):
        ours += own(case, channels)[1:]
        for workers, seconds in theirs.items():
            epochs = reference(case, train, validation, workers)
            seconds += [next(epochs) for _ in range(EPOCHS)][1:]
    best = min(statistics.median(seconds) for seconds in theirs.values())
    own_seconds = statistics.median(ours)
    return {
        "reference_images_per_second": {
            f"{workers} workers": round(len(train) / statistics.median(seconds), 1)
            for workers, seconds in theirs.items()
        },
        "images_per_second": round(len(train) / own_seconds, 1),
        "times_faster": round(best / own_seconds, 2),
        "augmentation_ms": round(augmentation(case), 2),
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--channels", type=Path, help="train, validation and test; default: drawn")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        channels = given.channels or Path(folder)
        if given.channels is None:
            phantoms.write_channels(channels, images_per_class=60)
        result: dict[str, Any] = {
            "command": "python -m benchmarks.training --cases "
            + " ".join(given.cases)
            + ("" if given.channels is None else f" --channels {given.channels.name}"),
            "images": "phantoms" if given.channels is None else given.channels.name,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "torch": torch.__version__,
            "load_before": round(os.getloadavg()[0], 1),
        }
        for case in given.cases:
            result[case] = measure(case, channels)
            print(case, json.dumps(result[case]), flush=True)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
