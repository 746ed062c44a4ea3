"""How good the models are: grouped cross-validation on a data set.

    python -m benchmarks.quality --archive busi.zip --out docs/results/busi.json
    python -m benchmarks.quality --archive busi.zip --held-out --out docs/results/busi_held_out.json
    python -m benchmarks.quality --page          # docs/results.md from what is in docs/results

The archive is staged and split by the product's own code, so near-duplicates share a fold, and
images whose twins carry another label are in no test fold. In each fold both models train on the
other folds, an eighth of whose groups chooses epoch, temperature and threshold, and are judged on
the fold once. The figures pool every image, judged by the models that never saw it or its like;
intervals resample groups. What `--classifier` and `--segmenter` hold goes to the training scripts.
Several such values are stages, say a short training at a low resolution and then one at a high.

`--development` leaves the frozen test split out of everything, and `--held-out` trains on all the
rest and judges that split alone: for the one figure that no tuning has seen.

Stopped, it goes on where it was: each training has its checkpoint and its log under `--work`. What
a fold's training has come to is kept under `--kept`, small enough to be committed, and any other
session goes on from there: `--only fold0` trains that fold alone, and the result is written when no
fold lacks.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import kept_folds, quality_page, staged_folder
from benchmarks.fold_channels import Folds
from benchmarks.fold_training import SCRIPTS

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs/results/quality.json"
KEPT = ROOT / "docs/results/folds"
MACHINE = ("device", "python", "torch")
FIGURES = {
    "segmentation": ("lesion_dice", "lesion_iou", "normal_false_mask_rate", "lesion_hd95"),
    "classification": ("accuracy", "macro_f1", "macro_auc", "malignant_auc", "ece"),
}
Figure = dict[str, float | None]


def pooled(
    task: str, evaluations: Sequence[Mapping[str, Any]], groups: Mapping[str, str]
) -> dict[str, Figure]:
    """Every figure over the images of all folds: {"mean", "low", "high"}."""
    images = [image for evaluation in evaluations for image in evaluation["per_image"]]
    classes = evaluations[0]["classes"]
    figures = staged_folder.figures_of(task, images, classes)
    whole = figures(np.arange(len(images)))
    ranges = staged_folder.intervals(figures, [groups[image["id"]] for image in images])
    return {name: {"mean": whole[name], **ends(ranges[name])} for name in FIGURES[task]}


def log_line(metrics: Mapping[str, Any]) -> str:
    plain = {n: v for n, v in metrics.items() if isinstance(v, float)}
    return " ".join(f"{name}={value:.3f}" for name, value in plain.items())


def ends(interval: list[float] | None) -> Figure:
    low, high = interval or (None, None)
    return {"low": low, "high": high}


def without_folders(given: argparse.Namespace) -> list[str]:
    """The words of the command; where the files lie is nobody's business."""
    words = [given.archive.name if word == str(given.archive) else word for word in given.argv]
    for option in ("--out", "--work", "--kept", "--note"):
        if option in words:
            place = words.index(option)
            del words[place : place + 2]
    return words


def environment(given: argparse.Namespace, module: str = "quality") -> dict[str, Any]:
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "command": f"python -m benchmarks.{module} " + shlex.join(without_folders(given)),
        "seed": given.seed,
        "device": gpu or f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def run(given: argparse.Namespace) -> dict[str, Any] | None:
    """None where folds lack that are to be trained another time."""
    mode = "held-out" if given.held_out else "development" if given.development else "all"
    folds = Folds.lay_out(given, mode, given.only if given.development else None)
    by_job = train(folds, given)
    if lacking := [" ".join(job) for job, found in by_job.items() if found is None]:
        print(f"kept; no result yet, these lack: {', '.join(lacking)}")
        return None
    found = {task: [by_job[name, task] for name in folds.splits] for task in given.tasks}
    return result_of(given, mode, folds, found)


def train(folds: Folds, given: argparse.Namespace) -> dict[tuple[str, str], Any]:
    """What each fold's training of each task has come to, now or before; None where it is neither
    kept nor asked for."""
    stages = {"classification": given.classifier, "segmentation": given.segmenter}
    machine = {name: environment(given)[name] for name in MACHINE}

    def evaluation(name: str, task: str) -> dict[str, Any] | None:
        training = folds.training(name, task, stages[task], given)
        split = folds.splits[name]
        found = kept_folds.find(given.kept, training, split)
        if found is None and (given.only is None or name in given.only):
            kept_folds.keep(given.kept, training, split, training.run(), machine)
            found = kept_folds.find(given.kept, training, split)
        return found

    wanted = [(name, task) for name in folds.splits for task in given.tasks]
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        jobs = {job: pool.submit(evaluation, *job) for job in wanted}
        for (name, task), done in jobs.items():
            if (one := done.result()) is not None:
                print(f"{name} {task} validation: {log_line(one['validation'])}")
                print(f"{name} {task}: {log_line(one['metrics'])}", flush=True)
    return {job: done.result() for job, done in jobs.items()}


def result_of(
    given: argparse.Namespace, mode: str, folds: Folds, found: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    result: dict[str, Any] = {**environment(given), "archive": given.archive.name, "mode": mode}
    result["note"] = given.note
    result["options"] = {"classifier": given.classifier, "segmenter": given.segmenter}
    result["training_seconds"] = round(sum(one["seconds"] for two in found.values() for one in two))
    machines = [{name: one[name] for name in MACHINE} for two in found.values() for one in two]
    result["machines"] = [one for place, one in enumerate(machines) if one not in machines[:place]]
    result["images"] = {n: {k: len(v) for k, v in s.items()} for n, s in folds.splits.items()}
    for task, evaluations in found.items():
        result |= pooled(task, evaluations, folds.groups)
    result["folds"] = {
        name: {t: found[t][place]["metrics"] for t in given.tasks}
        for place, name in enumerate(folds.splits)
    }
    return result


def check_run(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    if given.archive is None:
        parser.error("--archive is needed")
    if given.jobs < 1:
        parser.error(f"--jobs {given.jobs}: at least one")
    known = [f"fold{fold}" for fold in range(given.folds)]
    unknown = [name for name in given.only or () if name not in known]
    if unknown:
        parser.error(f"there is no {unknown[0]}: {', '.join(known)}")


def add_run_options(parser: argparse.ArgumentParser, out: Path) -> None:
    parser.add_argument("--archive", type=Path, help="a data set, as uploaded")
    parser.add_argument("--out", type=Path, default=out)
    parser.add_argument(
        "--work", type=Path, default=ROOT / "out/quality", help="kept, and gone on from"
    )
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks", nargs="+", choices=SCRIPTS, default=sorted(SCRIPTS))
    parser.add_argument("--note", default="", help="what a reader of the figures must know")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once")
    parser.add_argument("--only", nargs="+", metavar="FOLD", help="fold0 …: train no others")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_run_options(parser, RESULT)
    stages = "options of {}, quoted; of several, each starts from the weights of the one before"
    for task in ("classifier", "segmenter"):
        explained = stages.format(f"train_{task}.py")
        parser.add_argument(f"--{task}", nargs="+", default=[""], help=explained)
    parser.add_argument("--kept", type=Path, default=KEPT, help="results of folds, gone on from")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--development", action="store_true", help="without the test split")
    which.add_argument("--held-out", action="store_true", help="the test split alone")
    which.add_argument("--page", action="store_true", help="write docs/results.md, train nothing")
    words = list(sys.argv[1:] if argv is None else argv)
    given = parser.parse_args(words)
    given.argv = words
    if not given.page:
        check_run(parser, given)
        if given.only and given.held_out:
            parser.error("--only names folds, and --held-out has none")
        result = run(given)
        if result is None:
            return
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        print(json.dumps({n: value for n, value in result.items() if n != "folds"}, indent=2))
    quality_page.write(given.out.parent)


if __name__ == "__main__":
    main()
