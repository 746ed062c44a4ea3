"""Answers as files: documents, masks, overlays, scores and reports, named by what they answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local.dropping.items import Item
from local.dropping.outcomes import ANSWERED, Outcome
from local.laptop import uploads
from local.laptop.client import Laptop
from local.laptop.results import as_csv
from local.runtime.failures import Failure
from sonoflow import keys

ANSWERS = "answers.csv"
RUN = "run.json"
# What a file beside another is called: `scan.png.overlay.png`.
KINDS = ("prediction.json", "mask.png", "overlay.png", "scores.csv", "rejected.json", RUN)


class NotSaved(Failure):
    """An answer has no place in the folder it was to be saved in."""


def save(laptop: Laptop, outcome: Outcome, folder: Path) -> None:
    """Into the folder, under what was dropped's key without its first part. Raises NotSaved."""
    write(laptop, outcome, _inside(folder, outcome.item))


def write(laptop: Laptop, outcome: Outcome, beside: Path) -> None:
    """Beside that path, whether a file is there or not."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    for kind, (bucket, key) in outcome.objects.items():
        body = uploads.find(laptop, bucket, key)
        if body is not None:
            (place := _place(beside, kind)).parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
    if outcome.item.is_dataset:
        _place(beside, RUN).write_text(json.dumps(outcome.json(), indent=1), encoding="utf-8")


def list_answers(outcomes: Iterable[Outcome], folder: Path) -> None:
    """A line for each image that was answered."""
    if rows := list(_rows(outcomes)):
        text = as_csv(rows)
        (folder / ANSWERS).write_text(text, encoding="utf-8", newline="")


def _rows(outcomes: Iterable[Outcome]) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
        if outcome.kind != ANSWERED or outcome.document is None:
            continue
        found = outcome.document
        chances = found["classification"]["probabilities"]
        yield {
            "file": str(outcome.item.origin),
            "path": keys.inbox_path(outcome.item.key),
            "label": found["classification"]["label"],
            **{f"probability_{name}": chances[name] for name in sorted(chances)},
            "decision": found["decision"]["action"],
            "reasons": ", ".join(found["decision"]["reasons"]),
            "lesion_pixels": found["segmentation"]["lesion_pixels"],
            "lesion_fraction": found["segmentation"]["lesion_fraction"],
        }


def _inside(folder: Path, item: Item) -> Path:
    """Raises NotSaved for a key that leads out of it."""
    path = folder / item.key.partition("/")[2]
    if not path.resolve().is_relative_to(folder.resolve()) or path.resolve() == folder.resolve():
        raise NotSaved(f"{item.key!r} leads out of {folder}: its answer is not saved")
    return path


def _place(beside: Path, kind: str) -> Path:
    return beside.with_name(f"{beside.name}.{kind}")
