"""Results of single folds, small enough to be committed: a cross-validation goes on from them in
another session or on another machine, where checkpoints and data of the first are gone."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.fold_channels import Split
from benchmarks.fold_training import Training

KEPT = ("classes", "metrics", "validation", "seconds", "per_image")  # of an evaluation


def find(folder: Path, training: Training, split: Split) -> dict[str, Any] | None:
    """What `keep` has left of this very training. Raises ValueError if it was on other images."""
    path = _path(folder, training)
    if not path.is_file():
        return None
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if document["images"] != images_digest(split):
        raise ValueError(f"{path} is of other images than the archive has in this fold: remove it")
    return document


def keep(
    folder: Path,
    training: Training,
    split: Split,
    evaluation: Mapping[str, Any],
    machine: Mapping[str, Any],
) -> None:
    """All or nothing: a run that is killed must not leave half a result."""
    path = _path(folder, training)
    path.parent.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {"stages": list(training.stages), "seed": training.seed, **machine}
    document |= {"images": images_digest(split)} | {name: evaluation[name] for name in KEPT}
    lines = [f"{json.dumps(name)}: {_text(value)}" for name, value in document.items()]
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    partial.replace(path)


def images_digest(split: Split) -> str:
    """Of the ids of a fold's images, part by part; ids are named by content."""
    names = {part: sorted(entry["id"] for entry in entries) for part, entries in split.items()}
    return hashlib.sha256(json.dumps(names, sort_keys=True).encode()).hexdigest()


def _text(value: Any) -> str:
    """JSON, of many things one a line, so that what changes can be seen."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(json.dumps(one) for one in value) + "\n]"
    return json.dumps(value)


def _path(folder: Path, training: Training) -> Path:
    name = f"{training.channels.name}-{training.task}-{training.digest(len(training.stages))}.json"
    return folder / training.channels.parent.name / name
