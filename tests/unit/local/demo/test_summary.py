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


def judged(*dice: tuple[float | None, float | None], at_chance: tuple[str, ...] = ()) -> Any:
    told: dict[str, Any] = {
        "ok": True,
        "at_chance": list(at_chance),
        "predictions": [{"dice": of, "dice_of_all": of_all} for of, of_all in dice],
    }
    summary.judge(told)
    return told


def test_a_segmenter_no_better_than_marking_everything_is_no_success() -> None:
    told = judged((0.1, 0.1), (0.2, 0.3), (None, None))

    assert told["ok"] is False
    assert (
        "a Dice of 0.150 on 2 lesions; to mark the whole image would reach 0.200" in told["error"]
    )


def test_what_chance_cannot_do_is_a_success() -> None:
    assert judged((0.8, 0.1), (0.2, 0.3)) == judged((0.8, 0.1), (0.2, 0.3)) | {"ok": True}
    assert "error" not in judged((0.8, 0.1))
    assert judged()["ok"] is True


def test_a_classifier_at_chance_is_none() -> None:
    told = judged((0.8, 0.1), at_chance=("classifier: by chance",))

    assert (told["ok"], told["error"]) == (False, "classifier: by chance")


def test_cautions_stand_on_the_console() -> None:
    shown = io.StringIO()
    told = {
        "dataset": of("images"),
        "table": of("rows"),
        "models": {},
        "predictions": [],
        "timings": {"total": 1.0},
        "cautions": ["24 images teach [nothing]"],
        "at_chance": ["classifier: by chance"],
    }

    summary.print_summary(told, Console(file=shown, width=100), Path())

    assert "caution: 24 images teach [nothing]" in shown.getvalue()
    assert "caution: classifier: by chance" in shown.getvalue()
