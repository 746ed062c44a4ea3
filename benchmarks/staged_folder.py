"""A data set staged into a folder by the product's own code, and figures by the models' own."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow.images import contents, staging
from sonoflow.images.parts import Entry
from sonoflow.settings import Splitting
from sonoflow.splits import folds, freezing, staged_images
from sonoflow.splits.assignment import Candidate

# As in its container, where the source directory is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model_code"))

from sonomodel.evaluation import bootstrap
from sonomodel.evaluation.classification_figures import Answers, classification_figures
from sonomodel.evaluation.evaluation import plain
from sonomodel.evaluation.metrics import Overlap
from sonomodel.evaluation.segmentation_figures import JudgedMask, segmentation_means

INDEX = "index.jsonl"
Figures = Callable[[NDArray[np.int64]], Mapping[str, float | None]]
intervals = bootstrap.intervals


class LocalArchive:
    """An archive on this disk, as staging reads one in S3."""

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, path.stat().st_size

    def read_at(self, offset: int, length: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)


def stage(path: Path, folder: Path, seed: int, number: int) -> list[Entry]:
    """The index of the staged archive, with groups, splits and folds; staged once."""
    index = folder / INDEX
    if not index.is_file():
        source = LocalArchive(path)
        planned = contents.read(contents.open_archive(source), source).images

        def put(key: str, png: bytes) -> None:
            target = folder / key
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(png)

        entries, _ = staging.stage(source, planned, put, at_once=1)
        staged = staged_images.collect([{"images": entries, "quarantine": []}])
        splitting = Splitting(
            seed, minimum_images_per_class=1, split_stable=False, split_folds=number
        )
        frozen = freezing.freeze(staged, splitting, {})
        lines = [json.dumps(entry) for entry in frozen.entries]
        index.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]


def partition(entries: Sequence[Entry], parts: int, seed: int) -> dict[str, int]:
    """Image id -> part; groups stay whole, classes are spread evenly."""
    candidates = [Candidate(entry["id"], entry["class"], entry["group"]) for entry in entries]
    return folds.assign(candidates, parts, seed)


def figures_of(task: str, images: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> Figures:
    """The figures of some of the images, from what evaluation.json says of each."""
    if task == "segmentation":
        names = [field.name for field in dataclasses.fields(Overlap)]
        outcomes = [
            JudgedMask(Overlap(**{name: image[name] for name in names}), image["hd95"], 1.0)
            for image in images
        ]
        return segmentation_means(outcomes)
    answers = Answers(
        true=np.array([classes.index(image["class"]) for image in images]),
        probabilities=np.array([[image["probabilities"][n] for n in classes] for image in images]),
        classes=classes,
    )
    return lambda picks: plain(classification_figures(answers.pick(picks)))
