from __future__ import annotations

import datetime
import io
from typing import Any

import pytest
from rich.console import Console

from local.laptop.progress import Epoch, ProgressView, RunProgress, open_states, state_seconds

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def entered(name: str, second: float) -> dict[str, Any]:
    moment = START + datetime.timedelta(seconds=second)
    return {"timestamp": moment, "stateEnteredEventDetails": {"name": name}}


def left(name: str, second: float) -> dict[str, Any]:
    moment = START + datetime.timedelta(seconds=second)
    return {"timestamp": moment, "stateExitedEventDetails": {"name": name}}


def test_an_epoch_is_read_from_its_log_line() -> None:
    epoch = Epoch.parse("epoch=3/20 learning_rate=0.001 train_loss=4.1e-1 validation_accuracy=0.9")

    assert epoch == Epoch(
        3, 20, {"learning_rate": 0.001, "train_loss": 0.41, "validation_accuracy": 0.9}
    )


def test_an_epoch_of_linear_learner_is_read_from_its_log_line() -> None:
    line = (
        "[11/22/2026 02:00:00 INFO 139987213989696] #quality_metric: host=algo-1, epoch=3, "
        "train binary_classification_cross_entropy_objective <loss>=0.0812"
    )

    assert Epoch.parse_linear_learner(line, of=15) == Epoch(4, 15, {"train_loss": 0.0812})


@pytest.mark.parametrize(
    "line",
    [
        "[… INFO …] #progress_metric: host=algo-1, completed 20.0 % of epochs",
        "[… INFO …] #quality_metric: host=algo-1, epoch=3, validation mse_objective <loss>=0.08",
        "#quality_metric: host=algo-1, train binary_classification_accuracy <score>=0.98",
    ],
)
def test_other_log_lines_of_linear_learner_are_no_epochs(line: str) -> None:
    assert Epoch.parse_linear_learner(line, of=15) is None


@pytest.mark.parametrize("line", ["", "test_accuracy=0.9", "cpu fp32 torch=2.13.0 seed=7"])
def test_other_log_lines_are_no_epochs(line: str) -> None:
    assert Epoch.parse(line) is None


def test_open_states_are_those_entered_and_not_left() -> None:
    history = [
        entered("StageImages", 0),
        left("StageImages", 2),
        entered("ReleaseModels", 2),
        entered("ReleaseModel", 2),
        entered("ReleaseModel", 2),  # the map's second iteration
        left("ReleaseModel", 9),
    ]

    assert list(open_states(history)) == ["ReleaseModels", "ReleaseModel"]


def test_a_state_lasts_from_its_first_entry_to_its_last_exit() -> None:
    history = [
        entered("Wait", 0),
        left("Wait", 1),
        entered("Wait", 3),
        left("Wait", 4.5),
        entered("Train", 4.5),
    ]

    assert state_seconds(history) == {"Wait": 4.5}


PROGRESS = RunProgress(
    status="RUNNING",
    states=("ReleaseModels",),
    releases={"classification": "Train"},
    epochs={"classification": Epoch(3, 12, {"train_loss": 0.41, "validation_accuracy": 0.9})},
)


def test_without_a_terminal_each_news_is_printed_once() -> None:
    text = io.StringIO()
    with ProgressView(Console(file=text)) as view:
        view.show(PROGRESS)
        view.show(PROGRESS)

    lines = [line.partition("] ")[2] for line in text.getvalue().splitlines()]
    assert lines == [
        "state ReleaseModels",
        "classifier: state Train",
        "classifier: epoch 3/12 train_loss=0.410 validation_accuracy=0.900",
    ]


def test_on_a_terminal_states_epochs_and_bars_are_drawn() -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120, color_system=None)
    with ProgressView(console) as view:
        view.show(PROGRESS)
        console.print(view.draw(PROGRESS))

    assert "ReleaseModels" in text.getvalue()
    assert "epoch 3/12 train_loss=0.410" in text.getvalue()
    assert "━━━━━━" in text.getvalue()
