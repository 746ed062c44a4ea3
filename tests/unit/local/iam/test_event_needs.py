from __future__ import annotations

from typing import Any

import pytest

from local.iam import event_needs, needs
from local.iam.conditions import NotKnown, met
from local.iam.operations import Call

BUS = "arn:aws:events:us-east-1:123456789012:event-bus"
# As in the template.
CONDITION = {
    "ForAllValues:StringEquals": {"events:source": "sonoflow"},
    "Null": {"events:source": "false"},
}


def put(*entries: dict[str, Any]) -> Call:
    return Call("events", "PutEvents", {"Entries": list(entries)}, "json")


def test_events_need_the_right_to_each_bus_that_they_go_to() -> None:
    other = {"Source": "s", "EventBusName": "mine"}
    whole = {"Source": "s", "EventBusName": f"{BUS}/whole"}

    found = needs.of(put({"Source": "a"}, {"Source": "b"}, other, whole))

    assert [(need.action, need.resource) for need in found] == [
        ("events:PutEvents", f"{BUS}/{name}") for name in ("default", "mine", "whole")
    ]
    assert found[0].facts == {"events:source": ["a", "b"]}


@pytest.mark.parametrize(
    ("sources", "allowed"),
    [
        (["sonoflow"], True),
        (["sonoflow", "sonoflow"], True),
        (["sonoflow", "another"], False),
        (["another"], False),
        ([], False),
    ],
)
def test_a_condition_on_the_source_holds_for_all_events_of_a_request(
    sources: list[str], allowed: bool
) -> None:
    (need,) = event_needs.of(put(*({"Source": source} for source in sources)))

    assert met(CONDITION, need.facts) is allowed


def test_what_eventbridge_itself_refuses_needs_the_right_to_the_default_bus() -> None:
    (need,) = needs.of(Call("events", "PutEvents", {"Entries": "x"}, "json"))

    assert (need.resource, need.facts) == (f"{BUS}/default", {})


def test_a_rule_is_about_the_sources_of_its_pattern() -> None:
    call = Call("events", "PutRule", {"Name": "r", "EventPattern": '{"source": ["a"]}'}, "json")

    (need,) = needs.of(call)

    assert need.facts == {"events:source": ["a"]}
    assert event_needs.sources_of_pattern("no JSON") == []
    with pytest.raises(NotKnown, match="prefix"):
        event_needs.sources_of_pattern('{"source": [{"prefix": "a"}]}')
