"""What became of the files, line by line as it comes, and all of it in a sentence at the end."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from local.dropping.items import Item
from local.dropping.outcomes import ANSWERED, TRAINED, UPLOADED, Outcome, percent
from sonoflow import keys

_FEW = 5  # answers that are told at length
_LABEL, _FIGURE, _DECISION = 12, 11, 8  # characters
_LONGEST = 60


class Lines:
    """Prints outcomes as they come; those of images are the rows of one table."""

    def __init__(self, console: Console, items: Sequence[Item]) -> None:
        self._console = console
        asked = [keys.inbox_path(item.key) for item in items if item.is_asked]
        self._width = min(_LONGEST, max([len("image"), *map(len, asked)], default=0))
        self._at_length = len(asked) <= _FEW
        self._begun = False

    def show(self, outcome: Outcome) -> None:
        if outcome.kind == ANSWERED and outcome.document is not None:
            self._row(keys.inbox_path(outcome.item.key), outcome.document)
        elif outcome.text:
            style = "" if outcome.is_good else "red"
            self._console.print(Text(outcome.text, style), soft_wrap=True)

    def _row(self, path: str, found: Any) -> None:
        if not self._begun:
            head = self._cells("image", "label", "probability", "lesion", "decision", "reasons")
            self._console.print(Text(head, "bold"), soft_wrap=True)
            self._begun = True
        label, decision = found["classification"]["label"], found["decision"]
        row = self._cells(
            path,
            label,
            percent(found["classification"]["probabilities"][label]),
            f"{found['segmentation']['lesion_fraction']:.1%}".replace("%", " %"),
            decision["action"],
            ", ".join(decision["reasons"]),
        )
        self._console.print(Text(row), soft_wrap=True)
        for explanation in decision["explanations"] if self._at_length else ():
            self._console.print(Text(f"  {explanation['text']}", "yellow"), soft_wrap=True)

    def _cells(self, path: str, label: str, sure: str, lesion: str, action: str, why: str) -> str:
        figures = f"{sure:>{_FIGURE}} {lesion:>{_FIGURE}}"
        cells = (
            f"{path:<{self._width}}",
            f"{label:<{_LABEL}}",
            figures,
            f"{action:<{_DECISION}}",
            why,
        )
        return " ".join(cells).rstrip()


def summary(outcomes: Sequence[Outcome]) -> str:
    """In a sentence; empty where there is one thing only, which was told."""
    if len(outcomes) < 2:
        return ""
    return f"{len(outcomes)} dropped: {'; '.join(_parts(outcomes))}."


def _parts(outcomes: Sequence[Outcome]) -> Iterator[str]:
    answered = [one.document for one in outcomes if one.kind == ANSWERED and one.document]
    if answered:
        labels = collections.Counter(found["classification"]["label"] for found in answered)
        told = ", ".join(f"{number} {label}" for label, number in labels.most_common())
        people = sum(found["decision"]["action"] == "review" for found in answered)
        images = "1 image" if len(answered) == 1 else f"{len(answered)} images"
        yield f"{images} answered ({told}), {people} of them for a person to look at"
    for kind, number in collections.Counter(one.kind for one in outcomes).items():
        if kind == TRAINED:
            yield f"{number} trained on"
        elif kind != ANSWERED:
            yield f"{number} {kind if kind != UPLOADED else 'uploaded'}"
