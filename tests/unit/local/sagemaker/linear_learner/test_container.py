"""The training container as a process: what it reads, leaves and says with its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from local.sagemaker.container_layout import Layout
from local.sagemaker.linear_learner.__main__ import main
from local.sagemaker.linear_learner.model import Model
from local.sagemaker.training.builtin_algorithm import PYTHON_PATH
from sonoflow.tables import recordio

RECORDIO = {"ContentType": "application/x-recordio-protobuf"}
BINARY = {"predictor_type": "binary_classifier", "mini_batch_size": "50", "epochs": "3"}


def job(base: Path, hyperparameters: dict[str, str], rows: int = 200) -> Layout:
    layout = Layout(base)
    for directory in (layout.config, layout.model, layout.output_data, layout.channel("train")):
        directory.mkdir(parents=True)
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(rows, 3)).astype(np.float32)
    labels = (vectors.sum(axis=1) > 0).astype(np.float32)
    (layout.channel("train") / "part").write_bytes(recordio.encode(vectors, labels))
    (layout.config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    (layout.config / "inputdataconfig.json").write_text(json.dumps({"train": RECORDIO}))
    return layout


def test_a_model_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = job(tmp_path, BINARY)

    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert main(["train", str(tmp_path)]) == 0
    finally:
        signal.signal(signal.SIGTERM, handler)

    assert Model.load(layout.model).features == 3
    document: Any = json.loads((layout.model / "model.json").read_text())
    assert document["training"]["rows"] == {"train": 200}
    assert document["training"]["hyperparameters"] == BINARY
    log = capsys.readouterr().out
    assert "train binary_classification_accuracy <score>=" in log
    assert "Test data is not provided." in log


def test_the_callers_error_is_left_as_the_failure(tmp_path: Path) -> None:
    layout = job(tmp_path, {**BINARY, "epochs": "many"})

    assert main(["train", str(tmp_path)]) == 2

    assert (layout.output / "failure").read_text() == (
        "The value 'many' is not valid for the 'epochs' hyperparameter which expects an integer "
        "at least 1 (caused by ValidationError)"
    )


@pytest.mark.slow
def test_a_job_that_is_stopped_keeps_what_it_has_learnt(tmp_path: Path) -> None:
    """Given a job of very many epochs, when SIGTERM comes, then it ends in order with a model."""
    slow = {"epochs": "1000000", "learning_rate": "0.0001", "num_models": "1"}
    layout = job(tmp_path, {**BINARY, **slow, "mini_batch_size": "1"})
    process = subprocess.Popen(
        [sys.executable, "-m", "local.sagemaker.linear_learner", "train", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": PYTHON_PATH},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            if "epoch=2" in line:
                process.terminate()
                break
        lines.read()

    assert process.wait(60) == 0
    assert Model.load(layout.model).features == 3
