"""How good the models are: grouped cross-validation on a data set.

    python -m benchmarks.quality --archive busi.zip --out docs/results/busi.json
    python -m benchmarks.quality --archive busi.zip --held-out --out docs/results/busi_held_out.json
    python -m benchmarks.quality --page          # docs/results.md from what is in docs/results

The archive is staged and split by the product's own code, so near-duplicates share a fold, and
images whose twins carry another label are in no test fold. In each fold both models train on the
other folds, an eighth of whose groups chooses epoch, temperature and threshold, and are judged on
the fold once. The figures pool every image, judged by the models that never saw it or its like;
intervals resample groups. What `--classifier` and `--segmenter` hold goes to the training scripts.

`--development` leaves the frozen test split out of everything, and `--held-out` trains on all the
rest and judges that split alone: the one figure that no tuning has seen.

Stopped, it goes on where it was: each training has its checkpoint and its log under `--work`.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import quality_page, staged_folder
from benchmarks.staged_folder import Entry

ROOT = Path(__file__).resolve().parents[1]
MODEL_CODE = ROOT / "model_code"
RESULT = ROOT / "docs/results/quality.json"
VALIDATION_PARTS = 8  # one of them
SCRIPTS = {"classification": "train_classifier.py", "segmentation": "train_segmenter.py"}
FIGURES = {
    "segmentation": ("lesion_dice", "lesion_iou", "normal_false_mask_rate", "lesion_hd95"),
    "classification": ("accuracy", "macro_f1", "macro_auc", "malignant_auc", "ece"),
}
Split = dict[str, list[Entry]]
Figure = dict[str, float | None]


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


def train(
    task: str, channels: Path, classes: Sequence[str], seed: int, more: str, threads: int
) -> Any:
    """The evaluation that a training script leaves. Raises CalledProcessError."""
    out = channels / f"{task}-{hashlib.sha256(more.encode()).hexdigest()[:8]}"
    out.mkdir(exist_ok=True)
    command = [sys.executable, str(MODEL_CODE / SCRIPTS[task]), "--classes", json.dumps(classes)]
    for name in ("train", "validation", "test"):
        command += [f"--{name}", str(channels / name)]
    command += ["--model-dir", str(out / "model"), "--output-data-dir", str(out)]
    command += ["--checkpoint-dir", str(out / "checkpoints"), "--seed", str(seed)]
    bounded = os.environ | {"OMP_NUM_THREADS": str(threads)}
    with (out / "log").open("a") as log:
        subprocess.run([*command, *shlex.split(more)], check=True, env=bounded, stdout=log)
    history = json.loads((out / "history.json").read_text())
    seconds = {"seconds": sum(epoch["seconds"] for epoch in history["epochs"])}
    return json.loads((out / "evaluation.json").read_text()) | seconds


def pooled(
    task: str, evaluations: Sequence[Mapping[str, Any]], groups: Mapping[str, str]
) -> dict[str, Figure]:
    """Every figure over the images of all folds: {"mean", "low", "high"}."""
    images = [image for evaluation in evaluations for image in evaluation["per_image"]]
    classes = evaluations[0]["classes"]
    figures = staged_folder.figures_of(task, images, classes)
    whole = figures(np.arange(len(images)))
    ranges = staged_folder.intervals(figures, [groups[image["id"]] for image in images])
    return {name: {"mean": whole[name], **_ends(ranges[name])} for name in FIGURES[task]}


def log_line(metrics: Mapping[str, Any]) -> str:
    plain = {n: v for n, v in metrics.items() if isinstance(v, float)}
    return " ".join(f"{name}={value:.3f}" for name, value in plain.items())


def _ends(interval: list[float] | None) -> Figure:
    low, high = interval or (None, None)
    return {"low": low, "high": high}


def without_folders(given: argparse.Namespace) -> list[str]:
    """The words of the command; where the files lie is nobody's business."""
    words = [given.archive.name if word == str(given.archive) else word for word in given.argv]
    for option in ("--out", "--work", "--note"):
        if option in words:
            place = words.index(option)
            del words[place : place + 2]
    return words


def environment(given: argparse.Namespace) -> dict[str, Any]:
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "command": "python -m benchmarks.quality " + shlex.join(without_folders(given)),
        "seed": given.seed,
        "device": gpu or f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def run(given: argparse.Namespace) -> dict[str, Any]:
    mode = "held-out" if given.held_out else "development" if given.development else "all"
    work = given.work / f"{given.archive.stem}-{mode}-{given.folds}-{given.seed}"
    staged = work / "staged"
    entries = staged_folder.stage(given.archive, staged, given.seed, given.folds)
    classes = sorted({entry["class"] for entry in entries})
    groups = {entry["id"]: entry["group"] for entry in entries}
    if given.development:
        entries = [entry for entry in entries if entry["split"] != "test"]
    splits = {f"fold{fold}": fold_split(entries, fold, given.seed) for fold in range(given.folds)}
    if given.held_out:
        splits = {"held_out": held_out_split(entries, given.seed)}
    options = {"classification": given.classifier, "segmentation": given.segmenter}
    splits = {name: split for name, split in splits.items() if name in (given.only or splits)}
    for name, split in splits.items():
        write_channels(staged, split, work / name)
    threads = max(1, (os.cpu_count() or 1) // given.jobs)

    def job(name: str, task: str) -> Any:
        return train(task, work / name, classes, given.seed, options[task], threads)

    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        jobs = {(n, task): pool.submit(job, n, task) for n in splits for task in given.tasks}
        for (name, task), done in jobs.items():
            print(f"{name} {task}: {log_line(done.result()['metrics'])}", flush=True)
    found = {task: [jobs[name, task].result() for name in splits] for task in given.tasks}
    result: dict[str, Any] = {**environment(given), "archive": given.archive.name, "mode": mode}
    result["note"] = given.note
    result["options"] = {"classifier": given.classifier, "segmenter": given.segmenter}
    result["training_seconds"] = round(sum(one["seconds"] for two in found.values() for one in two))
    result["images"] = {n: {k: len(v) for k, v in split.items()} for n, split in splits.items()}
    for task, evaluations in found.items():
        result |= pooled(task, evaluations, groups)
    result["folds"] = {
        name: {t: found[t][place]["metrics"] for t in given.tasks}
        for place, name in enumerate(splits)
    }
    return result


def check_folds(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """Some folds alone are for development: they must not pass for a cross-validation."""
    if given.only and not given.development:
        parser.error("--only goes with --development")
    known = [f"fold{fold}" for fold in range(given.folds)]
    unknown = [name for name in given.only or () if name not in known]
    if unknown:
        parser.error(f"there is no {unknown[0]}: {', '.join(known)}")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--archive", type=Path, help="a data set, as uploaded")
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument(
        "--work", type=Path, default=ROOT / "out/quality", help="kept, and gone on from"
    )
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks", nargs="+", choices=SCRIPTS, default=sorted(SCRIPTS))
    parser.add_argument("--classifier", default="", help="options of train_classifier.py, quoted")
    parser.add_argument("--segmenter", default="", help="options of train_segmenter.py, quoted")
    parser.add_argument("--note", default="", help="what a reader of the figures must know")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once")
    parser.add_argument("--only", nargs="+", metavar="FOLD", help="fold0 …: a quick look")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--development", action="store_true", help="without the test split")
    which.add_argument("--held-out", action="store_true", help="the test split alone")
    which.add_argument("--page", action="store_true", help="write docs/results.md, train nothing")
    words = list(sys.argv[1:] if argv is None else argv)
    given = parser.parse_args(words)
    given.argv = words
    if not given.page:
        if given.archive is None:
            parser.error("--archive is needed")
        if given.jobs < 1:
            parser.error(f"--jobs {given.jobs}: at least one")
        check_folds(parser, given)
        result = run(given)
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        print(json.dumps({n: value for n, value in result.items() if n != "folds"}, indent=2))
    quality_page.write(given.out.parent)


if __name__ == "__main__":
    main()
