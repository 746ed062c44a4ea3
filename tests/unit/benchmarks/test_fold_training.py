from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fold_training import Training
from sonomodel.networks.pretrained import origin


def test_published_weights_are_put_where_the_script_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their place is no part of what names the training: another machine has another one."""
    epochs = [
        {"epoch": 1, "seconds": 2.5},
        {"epoch": 2, "seconds": 1.5, "validation_accuracy": 0.7},
    ]
    started: list[str | None] = []

    def run(command: list[str], **_: Any) -> None:
        out = Path(command[command.index("--output-data-dir") + 1])
        started.append(origin(Path(command[command.index("--weights") + 1]))["licence"])
        (out / "history.json").write_text(json.dumps({"epochs": epochs, "best_epoch": 2}))
        (out / "evaluation.json").write_text(json.dumps({"metrics": {}}))

    monkeypatch.setattr(subprocess, "run", run)

    found = Training("classification", tmp_path, ["a", "b"], 0, ["--weights published"], 1).run()

    assert started == ["Apache-2.0"]
    assert found == {"metrics": {}, "seconds": 4.0, "validation": epochs[1]}
