"""A staged data set cut into folds, and a folder for each as the training scripts read one."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks import staged_folder
from benchmarks.fold_training import Training
from sonoflow.images.parts import Entry

VALIDATION_PARTS = 8  # one of them
Split = dict[str, list[Entry]]


def fold_split(entries: Sequence[Entry], fold: int, seed: int) -> Split:
    """Test: the fold, without images that are labelled in two ways. Validation: an eighth of the
    groups of what is left."""
    test = [entry for entry in entries if entry["fold"] == fold]
    rest = [entry for entry in entries if entry["fold"] != fold]
    return {"test": without_conflicts(test), **validation_split(rest, seed)}


def held_out_split(entries: Sequence[Entry], seed: int) -> Split:
    test = [entry for entry in entries if entry["split"] == "test"]
    rest = [entry for entry in entries if entry["split"] != "test"]
    return {"test": without_conflicts(test), **validation_split(rest, seed)}


def validation_split(entries: Sequence[Entry], seed: int) -> Split:
    parts = staged_folder.partition(without_conflicts(entries), VALIDATION_PARTS, seed)
    chosen = {identity for identity, part in parts.items() if part == 0}
    return {
        "train": [entry for entry in entries if entry["id"] not in chosen],
        "validation": [entry for entry in entries if entry["id"] in chosen],
    }


def without_conflicts(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if "conflicting-labels" not in entry["flags"]]


def write_channels(staged: Path, split: Split, target: Path) -> None:
    """Folders as the training scripts read them; links, no copies. All or nothing: a run that was
    killed must not go on with half a channel."""
    if target.exists():
        return
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name, entries in split.items():
        for entry in entries:
            for key in filter(None, (entry["image"], entry["mask"])):
                link = partial / name / key
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to((staged / key).resolve())
    partial.rename(target)


@dataclasses.dataclass(frozen=True)
class Folds:
    """A staged data set, cut into folds, with a channel for each."""

    mode: str  # "all", "development" (without the frozen test split), "held-out" (that split alone)
    work: Path
    classes: list[str]
    groups: dict[str, str]  # image id -> group
    splits: dict[str, Split]

    @classmethod
    def lay_out(cls, given: argparse.Namespace, mode: str, only: Sequence[str] | None) -> Folds:
        work = given.work / f"{given.archive.stem}-{mode}-{given.folds}-{given.seed}"
        staged = work / "staged"
        entries = staged_folder.stage(given.archive, staged, given.seed, given.folds)
        classes = sorted({entry["class"] for entry in entries})
        groups = {entry["id"]: entry["group"] for entry in entries}
        if mode == "held-out":
            splits = {"held_out": held_out_split(entries, given.seed)}
        else:
            if mode == "development":
                entries = [entry for entry in entries if entry["split"] != "test"]
            places = range(given.folds)
            splits = {f"fold{place}": fold_split(entries, place, given.seed) for place in places}
            splits = {name: split for name, split in splits.items() if name in (only or splits)}
        for name, split in splits.items():
            write_channels(staged, split, work / name)
        return cls(mode, work, classes, groups, splits)

    def training(
        self, name: str, task: str, stages: Sequence[str], given: argparse.Namespace
    ) -> Training:
        threads = max(1, (os.cpu_count() or 1) // given.jobs)
        return Training(task, self.work / name, self.classes, given.seed, stages, threads)
