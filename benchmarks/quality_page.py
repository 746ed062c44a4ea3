"""docs/results.md: the figures that `benchmarks.quality` has left, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Result = Mapping[str, Any]
ROWS = {  # figure: what it is called, decimals, what was aimed at
    "lesion_dice": ("lesion Dice", 3, "≥ .80"),
    "lesion_iou": ("lesion IoU", 3, "≥ .72"),
    "lesion_hd95": ("lesion HD95, pixels", 1, ""),
    "normal_false_mask_rate": ("false masks on normal images", 3, "≤ .10"),
    "accuracy": ("accuracy", 3, "≥ .90"),
    "macro_f1": ("macro F1", 3, "≥ .89"),
    "macro_auc": ("macro AUC", 3, "≥ .97"),
    "malignant_auc": ("AUC, malignant against benign", 3, "≥ .94"),
    "ece": ("expected calibration error", 3, "≤ .03"),
}
COMPARED = {
    "segmentation": ("lesion_dice", "lesion_iou", "normal_false_mask_rate"),
    "classification": ("accuracy", "macro_f1", "macro_auc", "malignant_auc", "ece"),
}
TITLES = {
    "all": "cross-validation over all images",
    "held-out": "the held-out tenth",
    "development": "a development fold, without the held-out tenth",
}
ABLATION = "ablation"
ABOUT_ABLATION = """The baseline's figures, then what each change adds to them, with the interval
(95 %) of that difference over resampled groups, the same for both sides. One training each: what
another seed would change is not in the intervals. Where one holds 0, it may all be chance."""
HEAD = """# How good the models are

`python -m benchmarks.quality` writes this page from the files in [results](results); every figure
is theirs. Images that look alike share a fold, images whose twins carry another label are never
tested, and the images that choose epoch, temperature, threshold and gates are none of those tested.
Each figure pools all tested images; its interval (95 %) resamples groups, so it tells what other
images of this kind would change, and not what another seed would.
"""


def write(folder: Path) -> None:
    """From the results in `folder` to results.md beside it."""
    loaded = [(path, json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))]
    (folder.parent / "results.md").write_text(page(loaded), encoding="utf-8")


def page(results: Iterable[tuple[Path, Result]]) -> str:
    """Of cross-validations, held-out splits and ablations; other results are left out."""
    known = [pair for pair in results if pair[1].get("mode") in (*TITLES, ABLATION)]
    order = [*TITLES, ABLATION]
    ordered = sorted(known, key=lambda pair: (order.index(pair[1]["mode"]), pair[0]))
    sections = (
        (ablation if result["mode"] == ABLATION else section)(path, result)
        for path, result in ordered
    )
    return "\n".join([HEAD, *sections])


def section(path: Path, result: Result) -> str:
    lines = [f"## {result['archive']}: {TITLES[result['mode']]}", ""]
    lines += ["| | figure | 95 % interval | aim |", "|---|---|---|---|"]
    for name, (label, digits, aim) in ROWS.items():
        if name in result:
            figure = result[name]
            interval = " – ".join(number(figure[end], digits) for end in ("low", "high"))
            lines.append(f"| {label} | {number(figure['mean'], digits)} | {interval} | {aim} |")
    return "\n".join([*lines, "", *folds(result), *origin(path, result)])


def folds(result: Result) -> list[str]:
    if len(result["folds"]) < 2:
        return []
    lines = [f"| | {' | '.join(result['folds'])} |", "|---" * (len(result["folds"]) + 1) + "|"]
    for name, (label, digits, _) in ROWS.items():
        values = [_metric(fold, name) for fold in result["folds"].values()]
        if name in result:
            lines.append(f"| {label} | {' | '.join(number(v, digits) for v in values)} |")
    return [*lines, ""]


def origin(path: Path, result: Result) -> list[str]:
    tested = sum(split["test"] for split in result["images"].values())
    minutes = round(result["training_seconds"] / 60)
    return [
        f"{tested} images tested. {result['note']}".rstrip(),
        "",
        f"Seed {result['seed']}, {_machines(result)}, {minutes} minutes of training "
        f"([{path.name}](results/{path.name})):",
        "",
        f"    {result['command']}",
        "",
    ]


def _machines(result: Result) -> str:
    """Where its folds were trained: some may have been kept by other sessions."""
    several = result.get("machines") or [result]
    return "; ".join(f"{m['device']}, Python {m['python']}, torch {m['torch']}" for m in several)


def ablation(path: Path, result: Result) -> str:
    """One table for each task: the baseline, and what each change adds to its figures."""
    lines = [f"## {result['archive']}: what each ingredient brings", "", ABOUT_ABLATION, ""]
    for task, figures in COMPARED.items():
        if task not in result:
            continue
        base, variants = result[task]["baseline"], result[task]["variants"]
        lines += [f"| {task} | {' | '.join(ROWS[name][0] for name in figures)} |"]
        lines += ["|---" * (len(figures) + 1) + "|"]
        cells = [number(base[name]["mean"], ROWS[name][1]) for name in figures]
        lines += [f"| baseline | {' | '.join(cells)} |"]
        for name, variant in variants.items():
            cells = [_difference(variant["differences"][figure], figure) for figure in figures]
            lines += [f"| {name} | {' | '.join(cells)} |"]
        lines += [""]
    return "\n".join([*lines, *origin(path, result)])


def _difference(figure: Mapping[str, float | None], name: str) -> str:
    digits = ROWS[name][1]
    low, high = (signed(figure[end], digits) for end in ("low", "high"))
    return f"{signed(figure['mean'], digits)} ({low} to {high})"


def _metric(fold: Mapping[str, Any], name: str) -> float | None:
    return next((metrics[name] for metrics in fold.values() if name in metrics), None)


def number(value: float | None, digits: int) -> str:
    """`.812`; a dash where it is undefined."""
    return "–" if value is None else f"{value:.{digits}f}".removeprefix("0")


def signed(value: float | None, digits: int) -> str:
    """`+.012`, `−.012`."""
    return "–" if value is None else ("−" if value < 0 else "+") + number(abs(value), digits)
