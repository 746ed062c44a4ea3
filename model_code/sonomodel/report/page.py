"""What a training leaves for people: report.html, model_card.md, worst_cases/.

The page needs nothing else: no scripts, no other files. Its look is that of the report on the data
set, so base.html, macros.html and style.html are the same files in both.
"""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path

import jinja2

from sonomodel.report import card_page, curves, results, worst_cases
from sonomodel.report.notation import counted, duration, figure, percent, spoken
from sonomodel.report.record import MEANINGS, ModelRecord
from sonomodel.report.worst_cases import WorstCase

PAGE_FILE = "report.html"
CARD_FILE = "model_card.md"


@dataclasses.dataclass(frozen=True)
class Picture:
    """Within the page, as a URI that holds it. Sizes in pixels."""

    uri: str
    width: int
    height: int
    text: str  # for those who do not see it


def write(folder: Path, record: ModelRecord) -> None:
    """Into a folder that exists. The same record gives the same bytes."""
    worst_cases.write(folder / worst_cases.FOLDER, record.cases)
    (folder / PAGE_FILE).write_text(page(record), encoding="utf-8")
    (folder / CARD_FILE).write_text(card_page.markdown(record), encoding="utf-8")


def page(record: ModelRecord) -> str:
    """Whatever comes from outside stays text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sonomodel.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        counted=counted, duration=duration, figure=figure, percent=percent, spoken=spoken
    )
    return environment.get_template("report.html").render(
        record=record,
        card=record.card,
        card_file=CARD_FILE,
        meanings=MEANINGS,
        figures={name: value for name, value in record.metrics.items() if name in MEANINGS},
        curves=curves.curves(record),
        balance=curves.balance(record),
        totals=curves.totals(record),
        decided=curves.decided(record),
        worst=[(case, _pictures(case)) for case in record.cases],
        **results.results(record),
    )


def _pictures(case: WorstCase) -> list[Picture]:
    return [
        Picture(
            f"data:image/png;base64,{base64.b64encode(png).decode()}",
            *_size(png),
            f"Ultrasound image {case.id}, class {case.label}: {_outlined(shown)}",
        )
        for shown, png in case.pictures.items()
    ]


def _outlined(shown: str) -> str:
    return "as given" if shown == "image" else f"{shown} outline"


def _size(png: bytes) -> tuple[int, int]:
    """From the header chunk, which every PNG begins with."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
