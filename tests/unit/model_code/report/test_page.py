from __future__ import annotations

import dataclasses
import html
import re
from pathlib import Path
from typing import Any

import pytest

from sonomodel.diagnostics.rules import RULES
from sonomodel.report import page as model_page
from sonomodel.report.card_page import markdown
from sonomodel.report.record import ModelRecord
from sonomodel.report.worst_cases import WorstCase
from tests.unit.model_code.records import (
    answer,
    diagnostics,
    evaluation,
    history,
    hostile,
    masked,
    record,
)

TASKS = ("classification", "segmentation")
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\xf0\0\0\0\xb4" + bytes(20)


def page(made: ModelRecord, folder: Path) -> str:
    model_page.write(folder, made)
    return (folder / "report.html").read_text(encoding="utf-8")


def part(shown: str, name: str) -> str:
    """A section of the page, its text alone."""
    inside = shown[shown.index(f'<h2 id="{name}">') :]
    words = re.sub(r"<svg.*?</svg>", "", inside[: inside.index("</section>")])
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", words))


@pytest.mark.parametrize("task", TASKS)
def test_the_page_stands_alone_and_runs_nothing(task: str, tmp_path: Path) -> None:
    cases = [WorstCase("a", "benign", "mistake", "wrong", {"image": PNG})]

    shown = page(dataclasses.replace(record(task), cases=cases), tmp_path)

    assert "<script" not in shown
    assert "http" not in shown
    assert "url(" not in shown
    assert set(re.findall(r'href="([^#"][^"]*)"', shown)) == {"model_card.md"}
    assert len(re.findall(r'<img src="data:image/png;base64,', shown)) == shown.count("<img") == 1
    assert 'width="240" height="180"' in shown
    targets = set(re.findall(r'href="#([^"]+)"', shown))
    assert targets <= set(re.findall(r'id="([^"]+)"', shown))


@pytest.mark.parametrize("task", TASKS)
def test_the_card_lies_beside_it(task: str, tmp_path: Path) -> None:
    made = record(task)

    model_page.write(tmp_path, made)

    assert (tmp_path / "model_card.md").read_text(encoding="utf-8") == markdown(made)


@pytest.mark.parametrize("task", TASKS)
def test_names_from_outside_are_text_and_never_markup(task: str, tmp_path: Path) -> None:
    shown = page(hostile(task), tmp_path)

    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_figures_come_with_their_interval_and_what_was_resampled(tmp_path: Path) -> None:
    shown = page(record("classification"), tmp_path)

    assert "<b>0.750</b>accuracy<small>0.610 – 0.830</small>" in shown
    assert "<b>–</b>macro AUC</div>" in shown, "undefined, and without interval"
    assert "95 % intervals: bootstrap over groups of images that belong together" in shown
    assert "1,000 resamples" in shown


@pytest.mark.parametrize("task", TASKS)
def test_what_a_reader_must_know_is_said(task: str, tmp_path: Path) -> None:
    single = {"bootstrap_unit": "image"}
    made = record(task, evaluation=single, diagnostics=None, history=history(epochs=2))
    metrics = {**made.metrics, "intervals": {"accuracy": [1.0, 1.0]}}
    made = dataclasses.replace(made, evaluation={**made.evaluation, "metrics": metrics})

    shown = html.unescape(page(made, tmp_path))

    assert len(made.cautions()) == 5
    assert all(caution in shown for caution in made.cautions())
    assert made.intervals_said in shown
    assert "without width is no certainty" in shown
    assert "bootstrap over single images" in shown
    assert "they are too narrow" in shown
    assert "they are too narrow" not in page(record(task), tmp_path)
    assert "without width is no certainty" not in page(record(task), tmp_path)


def test_calibration_before_and_after_is_told(tmp_path: Path) -> None:
    shown = part(page(record("classification"), tmp_path), "calibration")

    assert "error 0.123 before and 0.041 after" in shown
    assert "temperature 2," in shown


def test_every_rule_is_listed_with_threshold_source_and_outcome(tmp_path: Path) -> None:
    made = dataclasses.replace(record("classification"), diagnostics=diagnostics(norm=500.0))

    shown = page(made, tmp_path)

    listed = html.unescape(part(shown, "diagnostics"))
    for rule in RULES:
        assert rule.threshold in listed
        assert rule.source in listed
    assert listed.count("silent") == len(RULES) - 1
    assert "1 of 8 rules fired." in listed
    assert "fired in 3 epochs from 1 on: half of the steps had a gradient longer" in listed
    assert "Diagnostic rule exploding_gradient: half of the steps" in shown


def test_a_healthy_run_is_said_to_be_one(tmp_path: Path) -> None:
    assert "All 8 rules were silent" in page(record("segmentation"), tmp_path)


def test_missing_diagnostics_are_said_to_be_missing(tmp_path: Path) -> None:
    made = dataclasses.replace(record("segmentation"), diagnostics=None)

    assert "The training left no diagnostics." in page(made, tmp_path)
    assert "were silent" not in page(made, tmp_path)


def test_curves_mark_the_best_epoch_and_skip_what_is_no_number(tmp_path: Path) -> None:
    made = record("classification")
    watched: dict[str, Any] = dict(made.diagnostics or {})
    watched["epochs"] = [dict(facts) for facts in watched["epochs"]]
    watched["epochs"][1]["gradient_norms"] = [None, 3.0]
    watched["epochs"][2]["gradient_norms"] = []

    shown = page(dataclasses.replace(made, diagnostics=watched), tmp_path)

    assert shown.count("best epoch 2</text>") == 2
    assert "the best macro F1 on the validation split" in shown
    for description in ("Training and validation loss", "Scores on the", "Learning rate", "Length"):
        assert f'aria-label="{description}' in shown
    assert not re.search(r"\bnan\b", shown)


def test_a_training_of_one_epoch_has_a_report(tmp_path: Path) -> None:
    made = dataclasses.replace(
        record("segmentation"), history=history(epochs=1, best=1), diagnostics=diagnostics(1)
    )

    shown = page(made, tmp_path)

    assert "1 epoch in 2 s" in shown
    assert "The last epoch was the best" in shown


def test_balance_is_shown_before_and_after_sampling(tmp_path: Path) -> None:
    shown = part(page(record("classification"), tmp_path), "balance")

    assert "benign 10 66.7 % 5 33.3 %" in shown
    assert "normal 1 6.7 % 5 33.3 %" in shown


def test_lesions_are_spread_out_and_false_masks_listed(tmp_path: Path) -> None:
    images = [
        *(masked(f"{hit}", "benign", hit, missed=100 - hit) for hit in (0, 50, 100)),
        masked("false", "normal", 0, 30),
        masked("clean", "normal", 0),
    ]

    shown = page(record("segmentation", images), tmp_path)

    lesions, false = part(shown, "results"), part(shown, "false")
    assert "Dice 0.000 0.333 0.667 0.833 1.000" in lesions
    assert "Of 1 of them nothing is marked" in lesions
    assert "HD95 4.500" in lesions
    assert "benign 3 0.556 0.000" in lesions
    assert "1 of 2 test images without a lesion (50 %)" in false
    assert "false 30 3.00 %" in false
    assert "clean" not in false


@pytest.mark.parametrize("image", [masked("a", "normal", 0), masked("a", "benign", 0, missed=40)])
def test_a_test_split_of_one_kind_has_a_report(image: dict[str, Any], tmp_path: Path) -> None:
    shown = page(record("segmentation", [image]), tmp_path)

    assert ("No test image has a lesion." in shown) == (image["class"] == "normal")
    assert ("No test image is without a lesion." in shown) == (image["class"] == "benign")
    assert "No test image is of the class" in shown


def test_worst_cases_show_truth_answer_and_probability(tmp_path: Path) -> None:
    shown = part(page(record("classification"), tmp_path), "worst")
    nothing = record("classification", [answer("a", "benign", "benign")])

    assert "malignant: called benign with 90.0 %; malignant got 5.0 %" in shown
    assert "No test image is given a wrong class." in page(nothing, tmp_path)


def test_only_what_is_shown_is_announced(tmp_path: Path) -> None:
    lesion, false = masked("a", "benign", 50, missed=50), masked("b", "normal", 0, 30)

    both = part(page(record("segmentation", [lesion, false]), tmp_path), "worst")
    one = part(page(record("segmentation", [lesion]), tmp_path), "worst")

    assert "lowest Dice" in both
    assert "largest false masks" in both
    assert "lowest Dice" in one
    assert "largest false masks" not in one


def test_how_it_was_trained_is_told(tmp_path: Path) -> None:
    hyperparameters = {"learning_rate": 0.001, "ema_decay": 0.999}
    made = record("classification")
    made = dataclasses.replace(
        made, card=dataclasses.replace(made.card, hyperparameters=hyperparameters)
    )

    shown = part(page(made, tmp_path), "how")

    for fact in ("c0de", "0123456789ab", "resnet18", "EMA decay 0.999", "3.12.1"):
        assert fact in shown


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    made = record("segmentation")

    assert page(made, tmp_path) == page(made, tmp_path)


def test_older_calibration_without_before_is_shown(tmp_path: Path) -> None:
    told = evaluation("classification", [answer("a", "benign", "benign")])
    del told["calibration"]["before"]

    made = dataclasses.replace(record("classification"), evaluation=told)

    assert "error – before and 0.041 after" in part(page(made, tmp_path), "calibration")
