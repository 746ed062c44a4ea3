from __future__ import annotations

import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.judging import gates


@pytest.mark.parametrize(
    ("metrics", "gate"),
    [
        ({"accuracy": 0.6}, {"minimum": {"accuracy": 0.6}}),
        ({"rate": 0.2}, {"maximum": {"rate": 0.2}}),
        ({"accuracy": 0.0}, {"minimum": {"accuracy": 0.0}}),
        ({}, {}),
        ({"anything": None}, {"minimum": {}}),
    ],
)
def test_a_metric_at_its_bound_or_better_passes(metrics: dict, gate: dict) -> None:
    assert gates.reasons_against(metrics, gate) == []


@pytest.mark.parametrize(
    ("metrics", "gate", "reason"),
    [
        ({"a": 0.59999}, {"minimum": {"a": 0.6}}, "a is 0.59999, the minimum is 0.6"),
        ({"a": 0.3}, {"maximum": {"a": 0.2}}, "a is 0.3, the maximum is 0.2"),
        ({"b": 0.9}, {"minimum": {"a": 0.6}}, "a is undefined, the minimum is 0.6"),
        ({"a": None}, {"maximum": {"a": 0.6}}, "a is undefined, the maximum is 0.6"),
    ],
)
def test_a_metric_that_misses_its_bound_is_named(metrics: dict, gate: dict, reason: str) -> None:
    assert gates.reasons_against(metrics, gate) == [reason]


def test_all_that_is_missed_is_told() -> None:
    gate = {"minimum": {"a": 1.0, "b": 1.0}, "maximum": {"c": 0.0}}

    assert len(gates.reasons_against({"a": 0.5, "b": 0.5, "c": 0.5}, gate)) == 3


def test_a_bound_that_does_not_exist_is_an_error_instead_of_being_passed_over() -> None:
    with pytest.raises(PayloadInvalid, match="minimun"):
        gates.reasons_against({"a": 0.1}, {"minimun": {"a": 0.6}})
