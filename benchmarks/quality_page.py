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
TITLES = {
    "all": "cross-validation over all images",
    "held-out": "the held-out tenth",
    "development": "a development fold, without the held-out tenth",
}
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
    results = [(path, result) for path, result in loaded if result.get("mode") in TITLES]
    (folder.parent / "results.md").write_text(page(results), encoding="utf-8")


def page(results: Iterable[tuple[Path, Result]]) -> str:
    ordered = sorted(results, key=lambda pair: (list(TITLES).index(pair[1]["mode"]), pair[0]))
    full = [pair for pair in ordered if pair[1]["mode"] != "development"]
    tried = [pair for pair in ordered if pair[1]["mode"] == "development"]
    parts = [HEAD, *(section(path, result) for path, result in full)]
    return "\n".join([*parts, ablation(tried)] if tried else parts)


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
        f"Seed {result['seed']}, {result['device']}, Python {result['python']}, torch "
        f"{result['torch']}, {minutes} minutes of training ([{path.name}](results/{path.name})):",
        "",
        f"    {result['command']}",
        "",
    ]


def ablation(results: list[tuple[Path, Result]]) -> str:
    """One table for each task: a row for each configuration that was tried."""
    lines = ["## What the ingredients bring", ""]
    lines += ["Tried on development folds, which leave the held-out tenth out of everything.", ""]
    for task, figures in FIGURES.items():
        rows = [(path, result) for path, result in results if figures[0] in result]
        if rows:
            lines += [f"| {task} | fold | {' | '.join(ROWS[name][0] for name in figures)} |"]
            lines += ["|---" * (len(figures) + 2) + "|"]
            lines += [_tried(path, result, task, figures) for path, result in rows] + [""]
    return "\n".join(lines)


FIGURES = {
    "segmenter": ("lesion_dice", "lesion_iou", "normal_false_mask_rate"),
    "classifier": ("accuracy", "macro_f1", "macro_auc", "malignant_auc", "ece"),
}


def _tried(path: Path, result: Result, task: str, figures: tuple[str, ...]) -> str:
    cells = [
        f"{number(result[name]['mean'], ROWS[name][1])} "
        f"({' – '.join(number(result[name][end], ROWS[name][1]) for end in ('low', 'high'))})"
        for name in figures
    ]
    options = f"[{result['options'][task] or 'defaults'}](results/{path.name})"
    return f"| {options} | {', '.join(result['folds'])} | {' | '.join(cells)} |"


def _metric(fold: Mapping[str, Any], name: str) -> float | None:
    return next((metrics[name] for metrics in fold.values() if name in metrics), None)


def number(value: float | None, digits: int) -> str:
    """`.812`; a dash where it is undefined."""
    return "–" if value is None else f"{value:.{digits}f}".removeprefix("0")
