"""Faults planted in real trainings: the rule that is meant for each sees it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from sonomodel.diagnostics.diagnostics import FILE, Diagnostics
from sonomodel.diagnostics.observations import saturation_of_classes
from sonomodel.errors import StoppedByRule, TrainingDiverged
from sonomodel.images.preprocessing import Normalisation
from sonomodel.images.samples import ImageSet
from sonomodel.processes.compute import Compute
from sonomodel.training.loop import Objective, Trainer
from sonomodel.training.losses import classification_loss
from sonomodel.training.schedule import Schedule
from tests.unit.model_code.training.test_loop import accuracy, pictures

SCHEDULE = Schedule(epochs=6, batch_size=8, learning_rate=0.01, weight_decay=0.0, patience=99)
OBJECTIVE = Objective(classification_loss, accuracy, "accuracy", saturation=saturation_of_classes)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)),
    )


def diagnose(
    trained: nn.Module,
    schedule: Schedule = SCHEDULE,
    validation: ImageSet | None = None,
    objective: Objective = OBJECTIVE,
    train: ImageSet | None = None,
) -> set[str]:
    """The rules that fired."""
    diagnostics = Diagnostics()
    compute = Compute(torch.device("cpu"), bfloat16=False)
    trainer = Trainer(
        trained, objective, Normalisation(0.4, 0.2), schedule, compute, 3, None, diagnostics
    )
    trainer.fit(train or pictures(24), validation or pictures(24))
    return set(diagnostics.findings)


def test_healthy_training_is_left_alone() -> None:
    assert diagnose(network(), dataclasses.replace(SCHEDULE, epochs=15)) == set()


def test_deep_sigmoids_make_gradients_vanish() -> None:
    torch.manual_seed(0)
    hidden = [layer for _ in range(12) for layer in (nn.Linear(16, 16), nn.Sigmoid())]
    deep = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Sigmoid(), *hidden, nn.Linear(16, 2))

    assert "vanishing_gradient" in diagnose(deep)


def test_large_loss_makes_gradients_explode() -> None:
    loud = dataclasses.replace(
        OBJECTIVE, training_loss=lambda logits, labels: 1e4 * classification_loss(logits, labels)
    )

    assert diagnose(network(), objective=loud) == {"exploding_gradient"}


@pytest.mark.parametrize(
    "fill",
    [
        lambda weight: nn.init.zeros_(weight),
        lambda weight: nn.init.constant_(weight, 0.1),
        lambda weight: nn.init.normal_(weight, std=20.0),
    ],
    ids=["zero", "alike", "huge"],
)
def test_poor_weights_are_seen_at_once(fill: Callable[[Any], Any]) -> None:
    planted = network()
    fill(planted[3].weight)

    found = diagnose(planted, dataclasses.replace(SCHEDULE, epochs=1))

    assert "poor_initialisation" in found


def test_units_that_are_pushed_below_zero_are_dead() -> None:
    planted = network()
    nn.init.constant_(planted[4].bias, -20.0)

    assert "dead_units" in diagnose(planted)


def test_learning_by_heart_is_overfitting() -> None:
    generator = torch.Generator().manual_seed(1)
    noise = torch.randint(0, 256, (16, 1, 8, 8), generator=generator, dtype=torch.uint8)
    labels = torch.arange(16) % 2
    train = ImageSet([], noise, labels, None)
    opposite = ImageSet([], noise, 1 - labels, None)
    torch.manual_seed(0)
    large = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    plain = dataclasses.replace(OBJECTIVE, augment=lambda images, masks, _: (images, masks))

    found = diagnose(large, dataclasses.replace(SCHEDULE, epochs=20), opposite, plain, train)

    assert "overfitting" in found


def test_learning_nothing_is_a_plateau() -> None:
    still = dataclasses.replace(SCHEDULE, epochs=12, learning_rate=0.0)

    assert diagnose(network(), still) == {"plateau"}


def test_huge_logits_saturate() -> None:
    class Loud(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.inner(images)
            return -1e4 * result.abs() * torch.tensor([1.0, 0.0])  # always sure of class 1

    assert "saturated_outputs" in diagnose(Loud(), dataclasses.replace(SCHEDULE, epochs=1))


def trainer_of(objective: Objective, diagnostics: Diagnostics) -> Trainer:
    compute = Compute(torch.device("cpu"), bfloat16=False)
    normalisation = Normalisation(0.4, 0.2)
    return Trainer(network(), objective, normalisation, SCHEDULE, compute, 3, None, diagnostics)


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (lambda logits, labels: logits.sum() * math.nan, "training loss of epoch 1 is nan"),
        (lambda logits, labels: logits.abs().pow(0.5).sum() * 0, "gradient's length of epoch 1"),
    ],
    ids=["loss", "gradient"],
)
def test_what_is_not_a_number_is_written_down_and_stops(
    broken: Any, what: str, tmp_path: Path
) -> None:
    objective = dataclasses.replace(OBJECTIVE, training_loss=broken)
    trainer = trainer_of(objective, Diagnostics(tmp_path / FILE))
    if "gradient" in what:
        for parameter in trainer.network[8].parameters():  # type: ignore[index]
            nn.init.zeros_(parameter)  # where the root has no slope

    with pytest.raises(TrainingDiverged, match=what):
        trainer.fit(pictures(), pictures())

    rules = {rule["name"]: rule for rule in json.loads((tmp_path / FILE).read_text())["rules"]}
    assert rules["not_a_number"]["fired"]
    assert what in rules["not_a_number"]["message"]


def test_rule_that_is_to_stop_the_job_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loud = dataclasses.replace(
        OBJECTIVE, training_loss=lambda logits, labels: 1e4 * classification_loss(logits, labels)
    )
    diagnostics = Diagnostics(tmp_path / FILE, stop_on=["plateau", "exploding_gradient"])

    with pytest.raises(StoppedByRule, match=r"exploding_gradient in epoch 1: half of the steps"):
        trainer_of(loud, diagnostics).fit(pictures(), pictures())

    assert "diagnostics: exploding_gradient in epoch 1: half" in capsys.readouterr().out
    written = json.loads((tmp_path / FILE).read_text())
    assert not written["healthy"]
    assert len(written["epochs"]) == 1


def test_findings_are_told_once_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    diagnostics = Diagnostics()
    loud = dataclasses.replace(
        OBJECTIVE, training_loss=lambda logits, labels: 1e4 * classification_loss(logits, labels)
    )

    trainer_of(loud, diagnostics).fit(pictures(), pictures())

    assert capsys.readouterr().out.count("diagnostics: exploding_gradient") == 1
    assert diagnostics.findings["exploding_gradient"].epochs == [1, 2, 3, 4, 5, 6]


def test_document_holds_what_plots_need(tmp_path: Path) -> None:
    trainer_of(OBJECTIVE, Diagnostics(tmp_path / FILE)).fit(pictures(24), pictures(24))

    document = json.loads((tmp_path / FILE).read_text())
    assert document["healthy"]
    assert [epoch["epoch"] for epoch in document["epochs"]] == [1, 2, 3, 4, 5, 6]
    assert document["epochs"][0].keys() == {
        *("epoch", "train_loss", "validation_loss", "gradient_norms", "gradients"),
        *("dead_units", "saturated"),
    }
    assert document["epochs"][0]["gradients"].keys() == {"0", "3", "8"}
    assert document["layers_at_start"].keys() == {"0", "3", "8"}
    assert {rule["fired"] for rule in document["rules"]} == {False}


def test_state_survives_a_checkpoint() -> None:
    before, after = Diagnostics(), Diagnostics()
    trainer_of(OBJECTIVE, before).fit(pictures(), pictures())

    after.restore(json.loads(json.dumps(before.state())))

    assert after.document() == before.document()


def test_a_run_that_was_over_leaves_its_diagnostics_all_the_same(tmp_path: Path) -> None:
    """Its job starts anew, in an empty output folder, and trains no further epoch."""
    before, after = Diagnostics(), Diagnostics(tmp_path / FILE)
    trainer_of(OBJECTIVE, before).fit(pictures(), pictures())

    after.restore(before.state())

    assert json.loads((tmp_path / FILE).read_text())["rules"] == before.document()["rules"]
