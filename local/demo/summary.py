"""`out/summary.json` and the table that the demo prints."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.demo.inbox import TestImage
from local.demo.table import Scores
from local.dropping import cautions
from local.laptop.progress import RunWatch

_SHOWN_METRICS = {
    "classifier": ("accuracy", "macro_f1"),
    "segmenter": ("lesion_dice", "lesion_iou", "normal_false_mask_rate"),
    "table": ("accuracy", "sensitivity", "specificity", "auc"),
}


@dataclasses.dataclass(frozen=True)
class Summary:
    """What the summary is made from."""

    watch: RunWatch
    table_watch: RunWatch
    images: list[TestImage]
    scores: Scores
    out: Path
    timings: dict[str, float]
    gates: dict[str, str]  # parameters, as the stack has them


def summarise(made: Summary) -> dict[str, Any]:
    """The content of summary.json: `dataset`, `table`, `models`, `predictions`, `timings`, `ok`,
    `gates` and `cautions`."""
    output, table = (json.loads(w.outcome()["output"]) for w in (made.watch, made.table_watch))
    split, rows = output["split"], table["split"]
    return {
        "ok": True,
        "gates": "on" if any(float(value) for value in made.gates.values()) else "off",
        "cautions": list(cautions.few(output)),
        "at_chance": [*cautions.at_chance(output), *cautions.at_chance(table)],
        "dataset": {
            **output["dataset"],
            "images": split["images"],
            "splits": split["splits"],
            "quarantined": split["quarantined"],
            "assumptions": split.get("assumptions", []),
        },
        "table": {
            **table["dataset"],
            "rows": rows["rows"],
            "splits": rows["splits"],
            "quarantined": rows["quarantined"],
            "assumptions": rows.get("assumptions", []),
            "scores": made.scores.document(),
        },
        "models": {
            release["model"]: {
                "name": release["model"],
                "version": release["version"],
                "endpoint": release["endpoint_name"],
                "model_package_arn": release["model_package_arn"],
                "metrics": release["metrics"],
            }
            for release in [*output["releases"], *table["releases"]]
        },
        "predictions": [_prediction(image, made.out) for image in made.images],
        "timings": made.timings,
    }


def judge(summary: dict[str, Any]) -> None:
    """What no better than chance could do is no success; asks for the Dice of each image."""
    pairs = [(row["dice"], row["dice_of_all"]) for row in summary["predictions"]]
    known = [(dice, of_all) for dice, of_all in pairs if dice is not None and of_all is not None]
    if known:
        dice, of_all = (sum(figures) / len(known) for figures in zip(*known, strict=True))
        if dice <= of_all:
            summary["at_chance"].append(
                f"segmenter: a Dice of {dice:.3f} on {len(known)} lesions; to mark the whole image"
                f" would reach {of_all:.3f}. Nothing shows that this model has learned"
            )
    if summary["at_chance"]:
        summary["ok"], summary["error"] = False, "; ".join(summary["at_chance"])


def _prediction(image: TestImage, out: Path) -> dict[str, Any]:
    document = json.loads((out / "predictions" / f"{image.inbox_path}.json").read_text())
    label = document["classification"]["label"]
    return {
        "key": f"inbox/{image.inbox_path}",
        "true_label": image.label,
        "label": label,
        "probability": document["classification"]["probabilities"][label],
        "decision": document["decision"]["action"],
        "reasons": [each["text"] for each in document["decision"]["explanations"]],
        "mask_key": document["segmentation"]["mask_key"],
        "overlay_key": document["segmentation"]["overlay_key"],
        "dice": None,
        "dice_of_all": None,
    }


def print_summary(summary: dict[str, Any], console: Console, out: Path) -> None:
    console.rule("[bold]Summary")
    for dataset, counted in ((summary["dataset"], "images"), (summary["table"], "rows")):
        counts = ", ".join(f"{name} {count}" for name, count in dataset[counted].items())
        splits = ", ".join(f"{n} {sum(c.values())}" for n, c in dataset["splits"].items())
        console.print(f"{counted:<10} {dataset['name']} {dataset['version']}: {counts}")
        console.print(f"splits     {splits}; {dataset['quarantined']} set aside")
        for assumed in dataset["assumptions"]:
            console.print(Text(f"assumed    {assumed['detail']}", "yellow"), soft_wrap=True)
    for model, facts in summary["models"].items():
        shown = ", ".join(
            f"{name} {_figure(facts['metrics'].get(name))}" for name in _SHOWN_METRICS[model]
        )
        console.print(f"{model:<10} {shown}")
    table = Table(box=None, pad_edge=False)
    for heading in ("below inbox/", "truth", "label", "probability", "Dice", "decision"):
        figures = heading in ("probability", "Dice")
        table.add_column(heading, justify="right" if figures else "left", no_wrap=True)
    for row in summary["predictions"]:
        table.add_row(
            row["key"].removeprefix("inbox/"),
            row["true_label"],
            row["label"],
            f"{row['probability']:.3f}",
            _figure(row["dice"]),
            row["decision"],
        )
    console.print(table)
    for row in summary["predictions"]:
        if row["reasons"]:
            path, why = row["key"].removeprefix("inbox/"), " ".join(row["reasons"])
            console.print(Text(f"a person looks at {path}: {why}", "yellow"), soft_wrap=True)
    for caution in (*summary.get("at_chance", ()), *summary.get("cautions", ())):
        console.print(Text(f"caution: {caution}", "red"), soft_wrap=True)
    took = summary["timings"]["total"]
    console.print(f"{took:.0f} s; metrics are those of the test split", soft_wrap=True)
    made = ("contact_sheet.png", "report.html", "table_report.html", "answers.csv", "summary.json")
    of_models = sorted(out.glob("*/report.html"))
    for path in (*(out / name for name in made), *of_models):
        console.print(f"see {path}", soft_wrap=True)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
