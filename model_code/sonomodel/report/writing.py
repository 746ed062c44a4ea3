"""What a training leaves for people: report.html, model_card.md, worst_cases/."""

from __future__ import annotations

from pathlib import Path

from sonomodel.report import worst_cases
from sonomodel.report.card_page import markdown
from sonomodel.report.page import CARD_FILE, page
from sonomodel.report.record import ModelRecord

PAGE_FILE = "report.html"


def write(folder: Path, record: ModelRecord) -> None:
    """Into a folder that exists. The same record gives the same bytes."""
    worst_cases.write(folder / worst_cases.FOLDER, record.cases)
    (folder / PAGE_FILE).write_text(page(record), encoding="utf-8")
    (folder / CARD_FILE).write_text(markdown(record), encoding="utf-8")
