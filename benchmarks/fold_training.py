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

MODEL_CODE = Path(__file__).resolve().parents[1] / "model_code"
HISTORY = "history.json"  # the last thing that a training leaves
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
        """The last stage's evaluation, and the seconds of all. Raises CalledProcessError."""
        seconds, weights = 0.0, None
        for stage in range(len(self.stages)):
            out = self._folder(stage)
            is_last = stage == len(self.stages) - 1
            if is_last or not (out / HISTORY).is_file():
                self._train(stage, weights)
            epochs = json.loads((out / HISTORY).read_text())["epochs"]
            seconds += sum(epoch["seconds"] for epoch in epochs)
            weights = out / "model/weights.safetensors"
        evaluation: dict[str, Any] = json.loads((out / "evaluation.json").read_text())
        return evaluation | {"seconds": seconds}

    def _folder(self, stage: int) -> Path:
        text = "\n".join(self.stages[: stage + 1])
        return self.channels / f"{self.task}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

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
        bounded = os.environ | {"OMP_NUM_THREADS": str(self.threads)}
        with (out / "log").open("a") as log:
            subprocess.run(
                [*command, *shlex.split(self.stages[stage])], check=True, env=bounded, stdout=log
            )
