from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sonomodel.report import plots
from sonomodel.report.curves import balance, curves, decided, totals
from sonomodel.report.plots import Series
from sonomodel.report.record import ModelRecord
from tests.unit.model_code.records import history, record


def with_norms(*norms: list[float | None]) -> ModelRecord:
    """Of gradients, by epoch."""
    made = record("classification")
    watched: dict[str, Any] = dict(made.diagnostics or {})
    watched["epochs"] = [
        {"epoch": epoch, "gradient_norms": several} for epoch, several in enumerate(norms, 1)
    ]
    return dataclasses.replace(made, diagnostics=watched)


def test_losses_and_scores_are_drawn_with_the_best_epoch() -> None:
    drawn = curves(record("classification"))

    assert list(drawn) == ["losses", "scores", "gradients", "learning_rate"]
    training = Series("training", [(1, 1.0), (2, 1 / 2), (3, 1 / 3)])
    validation = Series("validation", [(1, 1.2), (2, 1.2 / 2), (3, 1.2 / 3)])
    assert drawn["losses"] == plots.lines(
        "Training and validation loss by epoch", [training, validation], marked=2
    )
    assert drawn["scores"] == plots.lines(
        "Scores on the validation split by epoch",
        [Series("macro F1", [(1, 0.1), (2, 0.2), (3, 0.3)])],
        marked=2,
        within=(0, 1),
    )
    assert drawn["learning_rate"] == plots.lines(
        "Learning rate by epoch", [Series("learning rate", [(1, 0.001), (2, 0.001), (3, 0.001)])]
    )


def test_gradients_are_drawn_by_their_median_and_their_largest() -> None:
    drawn = curves(with_norms([1.0, 2.0, 6.0], [4.0]))["gradients"]

    assert drawn == plots.lines(
        "Length of the gradients by epoch, logarithmic",
        [Series("median step", [(1, 2.0), (2, 4.0)]), Series("largest step", [(1, 6.0), (2, 4.0)])],
        limits={"exploding, if the median is above": 100.0},
        log=True,
    )


def test_what_is_no_number_is_skipped() -> None:
    assert curves(with_norms([1.0], [None, 3.0], [])) == curves(with_norms([1.0], [3.0]))


@pytest.mark.parametrize("made", [record("classification", diagnostics=None), with_norms([], [])])
def test_without_gradients_their_plot_is_empty(made: ModelRecord) -> None:
    assert curves(made)["gradients"] == ""
    assert curves(made)["losses"]


def test_without_epochs_there_is_nothing_to_draw() -> None:
    assert curves(record("segmentation", history=history(epochs=0, best=0))) == {}


def test_balance_before_and_after_sampling() -> None:
    given = {"benign": 10, "malignant": 5, "normal": 1}
    counts = {"before": given, "after": dict.fromkeys(given, 6)}

    shares = balance(record("classification", history=history() | {"class_balance": counts}))

    assert list(shares) == list(given)
    for label, images in given.items():
        assert shares[label] == pytest.approx(
            {"images": images, "share": images / 16, "drawn": 6, "drawn_share": 1 / 3}
        )


def test_totals_are_over_all_splits() -> None:
    assert totals(record("classification")) == {"benign": 12, "malignant": 6, "normal": 3}


@pytest.mark.parametrize(("threshold", "said"), [(0.85, 0.85), (None, "no probability")])
def test_whose_labels_need_no_person_was_decided_by_validation(
    threshold: float | None, said: object
) -> None:
    made = record("classification")
    card = dataclasses.replace(made.card, triage={"threshold": threshold})

    told = decided(dataclasses.replace(made, card=card))

    assert told == {"temperature": 1.0, "no person needed from": said}


def test_what_validation_decided_is_the_tasks_own() -> None:
    assert decided(record("classification")) == {"temperature": 1.0}
    assert decided(record("segmentation")) == {
        **{"threshold": 0.4, "minimum presence": 0.0, "minimum area": 0.0},
        "largest component": False,
    }
