"""Each rule on curves made by hand; test_diagnostics plants the faults in real trainings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sonomodel.diagnostics import rules
from sonomodel.diagnostics.observations import EpochFacts, LayerStart
from sonomodel.diagnostics.rules import Run

FACTS = EpochFacts(1, 0.5, 0.6, [1.0, 2.0], {"enter": 1e-3, "exit": 1e-2}, {"relu:1": 0.1}, 0.01)
START = {"enter": LayerStart(1.4, False), "exit": LayerStart(0.58, False)}


def run(*epochs: dict[str, Any], start: dict[str, LayerStart] = START) -> Run:
    facts = [dataclasses.replace(FACTS, epoch=n, **e) for n, e in enumerate(epochs, start=1)]
    return Run(start, facts)


def losses(train: Sequence[float], validation: Sequence[float]) -> Run:
    pairs = zip(train, validation, strict=True)
    return run(*({"train_loss": t, "validation_loss": v} for t, v in pairs))


def falling(epochs: int, floor: float = 0.1) -> list[float]:
    return [floor + 0.9**epoch for epoch in range(epochs)]


def test_healthy_curves_are_left_alone() -> None:
    noisy = [v + (0.05 if n % 2 else -0.05) for n, v in enumerate(falling(40, 0.3))]
    healthy = losses(falling(40), noisy)

    for end in range(1, 41):
        so_far = Run(START, healthy.epochs[:end])
        assert [rule.name for rule in rules.RULES if rule.check(so_far)] == []


def test_gradients_must_have_vanished_for_some_epochs() -> None:
    gone = {"gradients": {"enter": 1e-9, "exit": 1e-2}}

    assert rules.vanishing_gradient(run(gone, gone)) is None
    assert rules.vanishing_gradient(run(gone, {}, gone)) is None
    message = rules.vanishing_gradient(run(gone, gone, gone))
    assert message is not None
    assert "enter are 1e-09 on average, in 1 of 2 layers" in message


def test_gradients_of_what_is_learnt_may_vanish() -> None:
    assert (
        rules.vanishing_gradient(run(*[{"gradients": {"a": 0.0}, "train_loss": 1e-3}] * 3)) is None
    )


def test_exploding_gradient_is_not_a_single_long_one() -> None:
    assert rules.exploding_gradient(run({"gradient_norms": [1.0, 2.0, 5000.0]})) is None
    assert "201" in (rules.exploding_gradient(run({"gradient_norms": [1.0, 201.0, 1e9]})) or "")


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (LayerStart(0.001, False), "multiply a signal by about 0.001"),
        (LayerStart(50.0, False), "multiply a signal by about 50"),
        (LayerStart(1.0, True), "all units of exit start with the same weights"),
    ],
)
def test_poor_initialisation(start: LayerStart, reason: str) -> None:
    planted = START | {"exit": start}

    assert reason in (rules.poor_initialisation(run({}, start=planted)) or "")
    assert rules.poor_initialisation(run({}, {}, start=planted)) is None  # once is enough


def test_units_must_stay_dead() -> None:
    dead = {"dead_units": {"relu:1": 0.2, "relu:2": 0.75}}

    assert rules.dead_units(run(dead)) is None
    assert rules.dead_units(run(dead, {})) is None
    assert "75% of the units of relu:2" in (rules.dead_units(run({}, dead, dead)) or "")


def test_overfitting_needs_both_losses_to_part() -> None:
    train, rising = falling(12), [*falling(6, 0.3), 0.95, 1.1, 1.3, 1.5, 1.7, 1.9]

    assert "has risen from" in (rules.overfitting(losses(train, rising)) or "")
    assert rules.overfitting(losses([*train[:6], *[1.2] * 6], rising)) is None  # both rise
    assert rules.overfitting(losses([t + 3 for t in train], rising)) is None  # still below it
    assert rules.overfitting(losses(train[:7], rising[:7])) is None


def test_one_bad_validation_is_no_overfitting() -> None:
    curve = falling(12, 0.3)
    curve[-1] *= 2

    assert rules.overfitting(losses(falling(12), curve)) is None


def test_plateau_is_being_stuck_high() -> None:
    stuck = [1.1, 1.0, *[0.995] * 10]

    assert "went from 0.995 to 0.995 in the last 10 epochs, after 1.1" in (
        rules.plateau(losses(stuck, stuck)) or ""
    )
    assert rules.plateau(losses(stuck[:10], stuck[:10])) is None
    learnt = [1.1, 0.3, *[0.299] * 10]
    assert rules.plateau(losses(learnt, learnt)) is None


def test_saturated_outputs() -> None:
    assert rules.saturated_outputs(run({"saturated": 0.25})) is None
    assert rules.saturated_outputs(run({"saturated": None})) is None
    assert "60% of the outputs" in (rules.saturated_outputs(run({"saturated": 0.6})) or "")


def test_every_rule_says_its_threshold_and_source() -> None:
    assert len(set(rules.NAMES)) == len(rules.RULES) == 8
    assert all(rule.threshold and rule.source for rule in rules.RULES)


def test_documentation_has_every_rule_as_it_is(root: Path) -> None:
    text = (root / "docs/diagnostics.md").read_text(encoding="utf-8").replace("\\|", "|")

    for rule in rules.RULES:
        assert f"| `{rule.name}` | {rule.threshold} | {rule.source} |" in text
