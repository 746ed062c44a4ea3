from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.events.exceptions import ValidationException
from moto.events.models import events_backends

from local.events import schedules
from local.events.inputs import target_input

ACCOUNT, REGION = "123456789012", "us-east-1"


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(30 minutes)", 1800),
        ("rate(1 hour)", 3600),
        ("rate(2 days)", 172800),
    ],
)
def test_a_rate_is_a_number_of_units(expression: str, seconds: int) -> None:
    assert schedules.seconds("hourly", expression) == seconds


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 hours)",
        "rate(2 hour)",
        "rate(0 minutes)",
        "rate(1 week)",
        "cron(0 9 * * ? *)",
        "at(1)",
    ],
)
def test_what_no_clock_here_knows_is_refused_by_its_rule(expression: str) -> None:
    with pytest.raises(ValidationException, match="knows no ScheduleExpression"):
        schedules.seconds("hourly", expression)


class Rules:
    """A clock over rules that are changed by hand, and what it fires."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rules: dict[str, Any] = {}
        self.fired: list[tuple[str, str, Any]] = []
        buses = {"default": SimpleNamespace(rules=self.rules)}
        backends = {ACCOUNT: {REGION: SimpleNamespace(event_buses=buses)}}
        monkeypatch.setattr(schedules, "events_backends", backends)
        runtime: Any = SimpleNamespace(account=ACCOUNT, region=REGION)
        self.clock = schedules._Clock(runtime, self._submit)

    def add(self, name: str, expression: str | None, *targets: str) -> Any:
        self.rules[name] = SimpleNamespace(
            name=name,
            arn=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}",
            scheduled_expression=expression,
            state="ENABLED",
            targets=[{"Id": each, "Arn": each} for each in targets],
        )
        return self.rules[name]

    def _submit(self, rule: str, target: dict[str, Any], event: dict[str, Any]) -> None:
        self.fired.append((rule.rpartition("/")[2], target["Id"], event))

    def fire(self, *times: float) -> list[tuple[str, str]]:
        self.fired.clear()
        for now in times:
            self.clock.fire(now)
        return [(rule, target) for rule, target, _ in self.fired]


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Rules:
    return Rules(monkeypatch)


def test_a_rule_fires_at_its_rate_for_each_target(rules: Rules) -> None:
    rules.add("hourly", "rate(1 hour)", "one", "two")
    rules.add("on-events", None, "three")

    assert rules.fire(0, 3599) == []
    assert rules.fire(3600, 3601, 7199) == [("hourly", "one"), ("hourly", "two")]
    assert rules.fire(7200) == [("hourly", "one"), ("hourly", "two")]


def test_what_was_late_is_not_made_up_for(rules: Rules) -> None:
    rules.add("hourly", "rate(1 hour)", "one")

    assert rules.fire(0, 36_000, 36_001) == [("hourly", "one")]


def test_a_rule_that_is_disabled_or_changed_begins_anew(rules: Rules) -> None:
    rule = rules.add("hourly", "rate(1 hour)", "one")
    rules.fire(0)
    rule.state = "DISABLED"
    assert rules.fire(3600, 9000) == []
    rule.state = "ENABLED"
    assert rules.fire(9001, 12_600) == []
    rule.scheduled_expression = "rate(2 hours)"
    assert rules.fire(12_601, 19_800) == []
    assert rules.fire(19_801) == [("hourly", "one")]


def test_an_event_is_what_a_clock_sends(rules: Rules) -> None:
    """As the function's own event file has it."""
    rules.add("hourly", "rate(1 minute)", "one")
    rules.fire(0, 60)

    ((_, _, event),) = rules.fired
    root = Path(__file__).resolve().parents[4]
    expected = json.loads((root / "events/sweep_uploads.scheduled.json").read_text("utf-8"))
    assert event.keys() == expected.keys()
    same = ("version", "detail-type", "source", "account", "region", "detail")
    assert {name: event[name] for name in same} == {name: expected[name] for name in same}
    assert json.loads(target_input({"Id": "one"}, event, "arn")) == event


def test_moto_keeps_what_the_clock_asks_for() -> None:
    backend = events_backends[ACCOUNT][REGION]
    rule = backend.put_rule("scheduled", scheduled_expression="rate(1 hour)")

    try:
        assert rule.scheduled_expression == "rate(1 hour)"
        assert rule in backend.event_buses["default"].rules.values()
        assert rule.targets == []
    finally:
        backend.delete_rule("scheduled", None)
