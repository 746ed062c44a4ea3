from __future__ import annotations

import dataclasses
import platform
from pathlib import Path
from typing import Any

import pytest
import torch

from sonomodel.images.samples import Sample
from sonomodel.report import record as model_record
from sonomodel.report.record import HEADLINES, MEANINGS
from tests.unit.model_code.conftest import CLASSES
from tests.unit.model_code.records import answer, diagnostics, evaluation, history, record

NARROW = "they are too narrow"
WIDTH = "without width is no certainty"


def samples(**counts: int) -> list[Sample]:
    return [
        Sample(f"{label}-{number}", label, Path("none.png"), None)
        for label, count in counts.items()
        for number in range(count)
    ]


def answers(count: int) -> list[dict[str, Any]]:
    return [answer(f"{n}", CLASSES[n % 3], CLASSES[n % 3]) for n in range(count)]


def test_headlines_are_those_that_were_measured() -> None:
    assert record("classification").headlines == ["accuracy", "macro_f1", "macro_auc", "ece"]
    assert record("segmentation").headlines == [
        *("lesion_dice", "lesion_hd95", "normal_false_mask_rate")
    ]
    assert {name for several in HEADLINES.values() for name in several} <= MEANINGS.keys()


def test_evaluations_without_intervals_have_none() -> None:
    made = record("segmentation", evaluation={"metrics": {"lesion_dice": 0.8}})

    assert made.intervals == {}
    assert record("segmentation").intervals == {"lesion_dice": [0.7, 0.85]}


def test_intervals_say_what_was_resampled() -> None:
    grouped = record("classification")
    single = record("classification", evaluation={"bootstrap_unit": "image"})

    assert grouped.intervals_said == (
        "95 % intervals: bootstrap over groups of images that belong together, "
        "1,000 resamples of the test split."
    )
    assert single.intervals_said.startswith("95 % intervals: bootstrap over single images, ")
    assert (grouped.by_group, single.by_group) == (True, False)


def test_an_interval_without_width_is_explained() -> None:
    made = record("classification")
    metrics = {**made.metrics, "intervals": {"accuracy": [1.0, 1.0], "macro_f1": None}}

    made = dataclasses.replace(made, evaluation={**made.evaluation, "metrics": metrics})

    assert WIDTH in made.intervals_said
    assert WIDTH not in record("classification").intervals_said


def test_a_large_grouped_test_of_all_classes_needs_no_caution() -> None:
    made = record("classification", answers(100))

    assert made.cautions() == []


def test_a_small_test_split_is_said_to_be_small() -> None:
    assert record("classification", answers(99)).cautions() == [
        "The test split has 99 images, so one image is 1.0 %: "
        "read the intervals, not the figures alone."
    ]


def test_single_images_make_intervals_too_narrow() -> None:
    made = record("classification", answers(100), evaluation={"bootstrap_unit": "image"})

    (caution,) = made.cautions()
    assert NARROW in caution


def test_classes_that_were_not_tested_are_named() -> None:
    made = record("classification", [answer("a", "benign", "benign")] * 100)

    assert made.cautions() == ["No test image is of the class malignant, normal."]


@pytest.mark.parametrize(("best", "cautions"), [(2, 0), (3, 1)])
def test_a_best_epoch_at_the_end_asks_for_more(best: int, cautions: int) -> None:
    made = record("classification", answers(100), history=history(epochs=3, best=best))

    assert (
        made.cautions()
        == ["The last epoch was the best: a longer training may gain more."] * cautions
    )


def test_rules_that_fired_come_first_and_missing_diagnostics_are_told() -> None:
    fired = record("classification", diagnostics=diagnostics(norm=500.0))
    missing = record("classification", diagnostics=None)

    assert [rule["name"] for rule in fired.fired] == ["exploding_gradient"]
    assert fired.cautions()[0].startswith("Diagnostic rule exploding_gradient: half of the steps")
    assert missing.fired == []
    assert missing.cautions()[0] == "The training left no diagnostics."
    assert record("classification").fired == []
    assert record("classification").cautions()[0].startswith("The test split has")


def test_history_counts_the_splits_and_what_an_epoch_draws() -> None:
    facts = {"best_epoch": 2, "epochs": [{"epoch": 1}, {"epoch": 2}]}
    splits = {"train": samples(benign=8, malignant=8, normal=2), "test": samples(benign=1)}

    document = model_record.history(facts, splits, CLASSES)

    assert document.keys() == facts.keys() | {"splits", "class_balance", "environment"}
    assert document["epochs"] == facts["epochs"]
    given = {"benign": 8, "malignant": 8, "normal": 2}
    assert document["splits"] == {
        "train": given,
        "test": {"benign": 1, "malignant": 0, "normal": 0},
    }
    assert document["class_balance"] == {"before": given, "after": dict.fromkeys(CLASSES, 6)}


def test_a_class_without_images_is_not_drawn() -> None:
    assert model_record.drawn(samples(benign=3, normal=1), CLASSES) == {
        **{"benign": 2, "malignant": 0, "normal": 2}
    }


@pytest.mark.parametrize(("hosts", "instances"), [('["algo-1", "algo-2"]', "2"), (None, "1")])
def test_environment_names_versions_and_no_machine(
    hosts: str | None, instances: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SM_HOSTS", raising=False)
    if hosts:
        monkeypatch.setenv("SM_HOSTS", hosts)

    told = model_record.environment()

    assert told["torch"] == torch.__version__
    assert told["python"] == platform.python_version()
    assert told["instances"] == instances
    assert told["device"].startswith("device=")
    assert {"numpy", "pillow", "processor"} <= told.keys()
    assert not {platform.node(), "algo-1"} & set(told.values())


def test_evaluation_and_card_are_read_as_their_files_hold_them() -> None:
    told = evaluation("segmentation", [])

    made = record("segmentation", [])

    assert made.metrics == told["metrics"]
    assert not made.classifies
    assert record("classification").classifies
