"""What each ingredient brings: the same training with one thing changed.

    python -m benchmarks.ablation --archive busi.zip --out docs/results/ablation.json

Baseline and variants train and are judged on the same development fold (or several: `--only`),
whose images are none of the held-out tenth. Of every figure the difference from the baseline is
given with its interval (95 %): groups are resampled, the same ones for both sides, so what makes an
image hard for both cancels out. One seed: what another would change is not in the interval.

Stopped, it goes on where it was, as benchmarks.quality does, whose folders it shares.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import quality, quality_page, staged_folder
from benchmarks.fold_channels import Folds

RESULT = quality.ROOT / "docs/results/ablation.json"
BASELINE = "baseline"
CLASSIFIER = (
    "--architecture resnet18 --image-size 112 --batch-size 8 --epochs 18 --augmentation basic "
    "--test-time-flip true"
)
SEGMENTER = (
    "--encoder resnet18 --image-size 96 --batch-size 8 --learning-rate 1e-3 --epochs 12 "
    "--augmentation basic --test-time-flip true"
)
VARIANTS = {  # what is changed: what is added to the baseline's options
    "classification": {
        "without the masks": "--lesion-weight 0",
        "full augmentation": "--augmentation full",
        "without averaged weights": "--ema-decay 0",
        "without label smoothing": "--label-smoothing 0",
    },
    "segmentation": {
        "plain U-Net": "--encoder plain --base-channels 16",
        "full augmentation": "--augmentation full",
        "without averaged weights": "--ema-decay 0",
    },
}
Evaluations = Sequence[Mapping[str, Any]]


def compare(
    task: str, baseline: Evaluations, changed: Evaluations, groups: Mapping[str, str]
) -> dict[str, quality.Figure]:
    """Changed minus baseline, of every figure: {"mean", "low", "high"}.

    Raises ValueError if the two were not judged on the same images.
    """
    sides = [[image for one in side for image in one["per_image"]] for side in (baseline, changed)]
    ids = [[image["id"] for image in side] for side in sides]
    if ids[0] != ids[1]:
        raise ValueError(f"{task}: the two sides were judged on different images")
    classes = baseline[0]["classes"]
    before, after = (staged_folder.figures_of(task, side, classes) for side in sides)

    def difference(picks: NDArray[np.int64]) -> dict[str, float | None]:
        old, new = before(picks), after(picks)
        return {name: _minus(new[name], old[name]) for name in quality.FIGURES[task]}

    whole = difference(np.arange(len(ids[0])))
    ranges = staged_folder.intervals(difference, [groups[identity] for identity in ids[0]])
    return {name: {"mean": whole[name], **quality.ends(ranges[name])} for name in whole}


def _minus(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else new - old


def run(given: argparse.Namespace) -> dict[str, Any]:
    folds = Folds.lay_out(given, "development", given.only)
    base = {"classification": given.classifier, "segmentation": given.segmenter}
    stages = {
        (task, name): f"{base[task]} {more}".strip()
        for task in given.tasks
        for name, more in {BASELINE: "", **VARIANTS[task]}.items()
        if name in (BASELINE, *(given.variants or VARIANTS[task]))
    }
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        jobs = {
            key: [
                pool.submit(folds.training(fold, key[0], [options], given).run)
                for fold in folds.splits
            ]
            for key, options in stages.items()
        }
        found = {key: [done.result() for done in several] for key, several in jobs.items()}
    result: dict[str, Any] = quality.environment(given, "ablation")
    result |= {"archive": given.archive.name, "mode": quality_page.ABLATION}
    result |= {"folds": list(folds.splits), "note": given.note}
    result["images"] = {n: {k: len(v) for k, v in s.items()} for n, s in folds.splits.items()}
    result["training_seconds"] = round(
        sum(one["seconds"] for all_ in found.values() for one in all_)
    )
    for task in given.tasks:
        baseline = found[task, BASELINE]
        result[task] = {"baseline": quality.pooled(task, baseline, folds.groups), "variants": {}}
        for (of, name), evaluations in found.items():
            if of == task and name != BASELINE:
                differences = compare(task, baseline, evaluations, folds.groups)
                result[task]["variants"][name] = {
                    "options": VARIANTS[task][name],
                    "differences": differences,
                }
    return result


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = sorted({name for variants in VARIANTS.values() for name in variants})
    quality.add_run_options(parser, RESULT)
    parser.add_argument("--classifier", default=CLASSIFIER, help="the baseline's options")
    parser.add_argument("--segmenter", default=SEGMENTER, help="the baseline's options")
    parser.add_argument("--variants", nargs="+", choices=names, help="some of them only")
    words = list(sys.argv[1:] if argv is None else argv)
    given = parser.parse_args(words)
    given.argv, given.only = words, given.only or ["fold0"]
    quality.check_run(parser, given)
    result = run(given)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    quality_page.write(given.out.parent)


if __name__ == "__main__":
    main()
