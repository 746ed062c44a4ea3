"""Real training processes that are killed, asked to stop and started again."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sonomodel.training.interruption import EXIT_CODE
from tests.conftest import ROOT

SEGMENTER = ["--base-channels", "4", "--depth", "2", "--image-size", "32", "--epochs", "4"]
CLASSIFIER = ["--architecture", "resnet18", "--image-size", "32", "--epochs", "4"]
PROGRAMS = {"train_segmenter.py": SEGMENTER, "train_classifier.py": CLASSIFIER}


def command(program: str, channels: Path, out: Path, *more: str) -> list[str]:
    argv = [sys.executable, "-u", str(ROOT / "model_code" / program), *PROGRAMS[program]]
    argv += ["--classes", '["benign", "malignant", "normal"]', "--batch-size", "6"]
    for split in ("train", "validation", "test"):
        argv += [f"--{split}", str(channels / split)]
    return [*argv, "--model-dir", str(out / "model"), "--output-data-dir", str(out), *more]


def start(argv: list[str]) -> subprocess.Popen[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def run(argv: list[str]) -> str:
    process = start(argv)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def end(argv: list[str], after: str, number: signal.Signals) -> tuple[int, str]:
    """Signals the process as soon as it has written a line that begins with `after`."""
    process = start(argv)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(after):
            process.send_signal(number)
            break
    rest, _ = process.communicate(timeout=120)
    return process.returncode, rest


def result(out: Path) -> tuple[Any, bytes]:
    """Curve and weights; how long it took is no part of either."""
    history = json.loads((out / "history.json").read_text())
    for epoch in history["epochs"]:
        del epoch["seconds"]
    return history, (out / "model/weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(channels: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The output of a program that nothing interrupts."""

    @functools.cache
    def output(program: str) -> Path:
        out = tmp_path_factory.mktemp("whole")
        run(command(program, channels, out))
        return out

    return output


@pytest.mark.slow
@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_killed_job_resumes_to_the_same_curve(
    program: str, channels: Path, tmp_path: Path, whole: Callable[[str], Path]
) -> None:
    argv = command(program, channels, tmp_path, "--checkpoint-dir", str(tmp_path / "checkpoints"))

    code, _ = end(argv, "epoch=2/4", signal.SIGKILL)
    output = run(argv)

    assert code == -signal.SIGKILL
    assert "resumed: epoch" in output
    assert "epoch=1/4" not in output
    assert result(tmp_path) == result(whole(program))


@pytest.mark.slow
def test_job_told_to_stop_saves_in_the_middle_of_an_epoch(
    channels: Path, tmp_path: Path, whole: Callable[[str], Path]
) -> None:
    program = "train_segmenter.py"
    argv = command(program, channels, tmp_path, "--checkpoint-dir", str(tmp_path / "checkpoints"))

    code, rest = end(argv, "epoch=1/4", signal.SIGTERM)
    output = run(argv)

    assert code == EXIT_CODE
    assert "interrupted: SIGTERM in epoch" in rest
    assert "saved in" in rest
    assert "resumed: epoch" in output
    assert result(tmp_path) == result(whole(program))


@pytest.mark.slow
def test_job_that_was_over_is_only_judged_again(channels: Path, tmp_path: Path) -> None:
    argv = command("train_segmenter.py", channels, tmp_path, "--checkpoint-dir", str(tmp_path))
    run(argv)
    first = result(tmp_path)

    output = run(argv)

    assert "resumed: training was over" in output
    assert "\nepoch=" not in output
    assert result(tmp_path) == first


@pytest.mark.slow
def test_job_with_other_hyperparameters_is_refused(channels: Path, tmp_path: Path) -> None:
    argv = command("train_segmenter.py", channels, tmp_path, "--checkpoint-dir", str(tmp_path))
    run([*argv, "--epochs", "1"])

    process = start([*argv, "--epochs", "1", "--learning-rate", "0.005"])
    _, errors = process.communicate(timeout=120)

    assert process.returncode == 1
    assert "RuntimeError: CheckpointError: " in errors
    assert "learning-rate was 0.002 and is 0.005" in errors
