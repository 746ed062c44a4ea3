"""What a training leaves for people: report.html, model_card.md, worst_cases/."""

from __future__ import annotations

from pathlib import Path

import worst_cases
from model_record import ModelRecord
from model_report_card import markdown
from model_report_page import CARD_FILE, page

PAGE_FILE = "report.html"


def write(folder: Path, record: ModelRecord) -> None:
    """Into a folder that exists. The same record gives the same bytes."""
    worst_cases.write(folder / worst_cases.FOLDER, record.cases)
    (folder / PAGE_FILE).write_text(page(record), encoding="utf-8")
    (folder / CARD_FILE).write_text(markdown(record), encoding="utf-8")
