from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from local.demo import summary


def of(counted: str, *assumed: str) -> dict[str, Any]:
    return {
        "name": "busi",
        "version": "0a1b2c3d4e5f",
        counted: {"benign": 3},
        "splits": {"train": {"benign": 3}},
        "quarantined": 0,
        "assumptions": [{"code": "x", "detail": detail, "settle": ""} for detail in assumed],
    }


def test_what_was_assumed_stands_on_the_console() -> None:
    shown = io.StringIO()
    told = {
        "dataset": of("images", "black is taken for the lesion [all]"),
        "table": of("rows"),
        "models": {},
        "predictions": [],
        "timings": {"total": 1.0},
    }

    summary.print_summary(told, Console(file=shown, width=100), Path())

    assert "assumed    black is taken for the lesion [all]" in shown.getvalue()
    assert shown.getvalue().count("assumed") == 1


def test_why_a_person_has_to_look_stands_on_the_console() -> None:
    shown = io.StringIO()
    image = {"true_label": "benign", "label": "benign", "probability": 0.6, "dice": None}
    told = {
        "dataset": of("images"),
        "table": of("rows"),
        "models": {},
        "predictions": [
            {**image, "key": "inbox/demo/a.png", "decision": "review", "reasons": ["Not sure."]},
            {**image, "key": "inbox/demo/b.png", "decision": "auto", "reasons": []},
        ],
        "timings": {"total": 1.0},
    }

    summary.print_summary(told, Console(file=shown, width=100), Path())

    assert "a person looks at demo/a.png: Not sure." in shown.getvalue()
    assert shown.getvalue().count("a person looks") == 1
