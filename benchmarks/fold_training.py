"""A training of one model on one fold, in stages."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sonoflow.releases import published_weights

MODEL_CODE = Path(__file__).resolve().parents[1] / "model_code"
HISTORY = "history.json"  # the last thing that a training leaves
PUBLISHED = "published"  # after --weights: EfficientNet-Lite0's, as the stack brings them
SCRIPTS = {"classification": "train_classifier.py", "segmentation": "train_segmenter.py"}


@dataclasses.dataclass(frozen=True)
class Training:
    """One model on one fold. Each stage's options go to the training script; all but the first
    start from the weights of the stage before."""

    task: str
    channels: Path
    classes: Sequence[str]
    seed: int
    stages: Sequence[str]
    threads: int

    def run(self) -> dict[str, Any]:
        """The last stage's evaluation and its kept epoch's figures on the validation split, and the
        seconds of all. Raises CalledProcessError."""
        seconds, weights = 0.0, None
        for stage in range(len(self.stages)):
            out = self._folder(stage)
            is_last = stage == len(self.stages) - 1
            if is_last or not (out / HISTORY).is_file():
                self._train(stage, weights)
            history = json.loads((out / HISTORY).read_text())
            seconds += sum(epoch["seconds"] for epoch in history["epochs"])
            weights = out / "model/weights.safetensors"
        evaluation: dict[str, Any] = json.loads((out / "evaluation.json").read_text())
        (kept,) = (one for one in history["epochs"] if one["epoch"] == history["best_epoch"])
        return evaluation | {"seconds": seconds, "validation": kept}

    def digest(self, stages: int) -> str:
        """Of the options of the first stages."""
        return hashlib.sha256("\n".join(self.stages[:stages]).encode()).hexdigest()[:8]

    def _folder(self, stage: int) -> Path:
        return self.channels / f"{self.task}-{self.digest(stage + 1)}"

    def _train(self, stage: int, weights: Path | None) -> None:
        out = self._folder(stage)
        out.mkdir(exist_ok=True)
        command = [sys.executable, str(MODEL_CODE / SCRIPTS[self.task])]
        command += ["--classes", json.dumps(self.classes), "--seed", str(self.seed)]
        for name in ("train", "validation", "test"):
            command += [f"--{name}", str(self.channels / name)]
        command += ["--model-dir", str(out / "model"), "--output-data-dir", str(out)]
        command += ["--checkpoint-dir", str(out / "checkpoints")]
        command += [] if weights is None else ["--weights", str(weights)]
        words = shlex.split(self.stages[stage])
        bounded = os.environ | {"OMP_NUM_THREADS": str(self.threads)}
        command += [_published(out) if word == PUBLISHED else word for word in words]
        with (out / "log").open("a") as log:
            subprocess.run(command, check=True, env=bounded, stdout=log)


def _published(folder: Path) -> str:
    path = folder / f"{published_weights.NETWORKS[0]}.safetensors"
    path.write_bytes(published_weights.safetensors(path.stem))
    return str(path)
