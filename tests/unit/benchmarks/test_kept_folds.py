from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from benchmarks import kept_folds
from benchmarks.fold_training import Training

MACHINE = {"device": "x86_64, 2 cores", "python": "3.11.7", "torch": "2.13.0+cpu"}
SPLIT: dict[str, Any] = {"train": [{"id": "a"}], "validation": [{"id": "b"}], "test": [{"id": "c"}]}
EVALUATION = {
    "classes": ["benign", "normal"],
    "metrics": {"accuracy": 0.5, "ece": None},
    "validation": {"epoch": 2, "validation_accuracy": 0.7},
    "seconds": 3.25,
    "per_image": [{"id": "c", "class": "benign", "probabilities": {"benign": 1 / 3}}],
    "calibration": "left out",
}


@pytest.fixture
def training(tmp_path: Path) -> Training:
    channels = tmp_path / "work/busi-all-5-0/fold0"
    return Training("classification", channels, ["benign", "normal"], 0, ["--epochs 1"], 2)


def test_what_is_kept_comes_back_whole(training: Training, tmp_path: Path) -> None:
    assert kept_folds.find(tmp_path, training, SPLIT) is None

    kept_folds.keep(tmp_path, training, SPLIT, EVALUATION, MACHINE)

    found = kept_folds.find(tmp_path, training, SPLIT)
    assert found is not None
    assert {name: found[name] for name in kept_folds.KEPT} == {
        name: value for name, value in EVALUATION.items() if name != "calibration"
    }
    assert found.items() >= {"stages": ["--epochs 1"], "seed": 0, **MACHINE}.items()
    (path,) = tmp_path.glob("*/*.json")
    assert path.parent.name == "busi-all-5-0"


@pytest.mark.parametrize(
    "changes",
    [
        {"stages": ["--epochs 2"]},
        {"stages": ["--epochs 1", "--epochs 1"]},
        {"task": "segmentation"},
        {"channels": Path("busi-all-5-0/fold1")},
        {"channels": Path("busi-all-5-1/fold0")},
    ],
)
def test_another_training_is_not_taken_for_it(
    training: Training, tmp_path: Path, changes: dict[str, Any]
) -> None:
    kept_folds.keep(tmp_path, training, SPLIT, EVALUATION, MACHINE)

    assert kept_folds.find(tmp_path, dataclasses.replace(training, **changes), SPLIT) is None


def test_a_fold_of_other_images_is_refused(training: Training, tmp_path: Path) -> None:
    """The archive is another one, or is grouped in another way, under the same name."""
    kept_folds.keep(tmp_path, training, SPLIT, EVALUATION, MACHINE)
    moved = {**SPLIT, "train": [{"id": "b"}], "validation": [{"id": "a"}]}

    with pytest.raises(ValueError, match="other images"):
        kept_folds.find(tmp_path, training, moved)
