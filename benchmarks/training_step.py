"""Processor time of a training step, an image: the product's way, and with one thing changed.

    python -m benchmarks.training_step                 # with compiling: a quarter of an hour
    python -m benchmarks.training_step --changes "contiguous tensors" bfloat16

One thread and processor time, so that other work on the machine disturbs little; drawn numbers
instead of images, as reading and augmentation are no part of it. Every measurement is a process of
its own, since memory allocation cannot be set back; they take turns. Batches of 16 and 15 images,
the sizes that an epoch is cut into: `torch.compile` makes code for each, and how long that takes
is given apart (of the first turn; later ones find the code again).

Writes docs/results/training_step.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

# As in its container, where the source directory is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model_code"))

from sonomodel.networks.encoder_unet import build_segmenter
from sonomodel.networks.resnet import ResNetConfig, build_resnet
from sonomodel.networks.unet import UNetConfig
from sonomodel.training.allocator import keep_freed_memory
from sonomodel.training.losses import classification_loss, lesion_loss
from sonomodel.training.memory_format import keep_heavy_layers_contiguous

CLASSES, SIZES = 3, (16, 15)
RESULT = Path(__file__).resolve().parents[1] / "docs/results/training_step.json"
PRODUCT = "as the product does it"
CHANGES = (
    *("contiguous tensors", "channels_last in every layer", "AdamW without its fused kernel"),
    *("freed memory given back", "bfloat16", "torch.compile"),
)
CASES: dict[str, tuple[int, Callable[[], nn.Module]]] = {  # name: side, network
    "resnet18_64": (64, lambda: build_resnet(ResNetConfig("resnet18", CLASSES))),
    "resnet18_128": (128, lambda: build_resnet(ResNetConfig("resnet18", CLASSES))),
    "unet16_128": (128, lambda: build_segmenter(UNetConfig(16, 4, "plain", presence=True))),
    "unet_resnet18_128": (
        128,
        lambda: build_segmenter(UNetConfig(16, 4, "resnet18", presence=True)),
    ),
}


def drawn(case: str, count: int, memory_format: torch.memory_format) -> tuple[Tensor, Tensor]:
    side = CASES[case][0]
    images = torch.rand(count, 1, side, side).contiguous(memory_format=memory_format)
    if case.startswith("resnet"):
        return images, torch.randint(0, CLASSES, (count,))
    return images, (torch.rand(count, 1, side, side) > 0.9).float()


def measure(case: str, change: str, steps: int) -> dict[str, float]:
    """In this process: milliseconds an image, and seconds until the first two steps were done."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    if change != "freed memory given back":
        keep_freed_memory()
    contiguous = change == "contiguous tensors"
    memory_format = torch.contiguous_format if contiguous else torch.channels_last
    network: Any = CASES[case][1]().train()
    network = network.to(memory_format=memory_format)
    if change not in ("contiguous tensors", "channels_last in every layer"):
        images, _ = drawn(case, 1, memory_format)
        keep_heavy_layers_contiguous(network, images, SIZES[0])
    fused = change != "AdamW without its fused kernel"
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, fused=fused)
    forward = torch.compile(network, dynamic=False) if change == "torch.compile" else network
    loss_of: Any = classification_loss if case.startswith("resnet") else lesion_loss

    def step(count: int) -> None:
        images, targets = drawn(case, count, memory_format)
        with torch.autocast("cpu", torch.bfloat16, enabled=change == "bfloat16"):
            loss = loss_of(forward(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    began = time.perf_counter()
    for count in SIZES:
        step(count)
    first = time.perf_counter() - began
    counts = [SIZES[number % len(SIZES)] for number in range(steps)]
    began = time.process_time()
    for count in counts:
        step(count)
    return {"ms": (time.process_time() - began) / sum(counts) * 1000, "first_seconds": first}


def in_turns(case: str, changes: Sequence[str], rounds: int, steps: int) -> dict[str, Any]:
    found: dict[str, list[dict[str, float]]] = {change: [] for change in (PRODUCT, *changes)}
    with tempfile.TemporaryDirectory() as compiled:
        environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": compiled}
        for change in [change for _ in range(rounds) for change in found]:
            command = [sys.executable, "-m", "benchmarks.training_step", "--measure", case, change]
            command += ["--steps", str(steps)]
            done = subprocess.run(
                command, check=True, env=environment, stdout=subprocess.PIPE, text=True
            )
            found[change].append(json.loads(done.stdout))
    times = {change: statistics.median(one["ms"] for one in all_) for change, all_ in found.items()}
    result: dict[str, Any] = {
        change: {
            "ms_per_image": round(ms, 1),
            "times_the_products": round(ms / times[PRODUCT], 2),
        }
        for change, ms in times.items()
    }
    if "torch.compile" in found:
        seconds = found["torch.compile"][0]["first_seconds"]
        result["torch.compile"]["seconds_of_compiling"] = round(seconds)
    return result


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--changes", nargs="+", choices=CHANGES, default=list(CHANGES))
    parser.add_argument("--rounds", type=int, default=3, help="turns of each")
    parser.add_argument("--steps", type=int, default=12, help="timed, in each turn")
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    words = list(sys.argv[1:] if argv is None else argv)
    given = parser.parse_args(words)
    if given.measure:
        case, change = given.measure
        print(json.dumps(measure(case, change, given.steps)))
        return
    result: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.training_step", *words]),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "torch": torch.__version__,
        "load_before": round(os.getloadavg()[0], 1),
    }
    for case in given.cases:
        result[case] = in_turns(case, given.changes, given.rounds, given.steps)
        print(case, json.dumps(result[case], indent=2), flush=True)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
