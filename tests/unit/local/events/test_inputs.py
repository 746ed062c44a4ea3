"""What a rule's target receives of an event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.events.inputs import target_input

RULE = "arn:aws:events:us-east-1:123456789012:rule/uploaded"
EVENT: dict[str, Any] = {
    "id": "1",
    "source": "probe",
    "time": "2026-11-21T00:00:00Z",
    "detail": {"key": 'a "b".png', "sizes": [1, 2], "where": {"ward": 3}, "detail-type": "x"},
}


def transform(template: str, **paths: str) -> str:
    target = {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}
    return target_input(target, EVENT, RULE)


def test_without_shaping_the_whole_event_is_sent() -> None:
    assert json.loads(target_input({}, EVENT, RULE)) == EVENT


def test_a_constant_replaces_the_event() -> None:
    assert target_input({"Input": '{"a": 1}'}, EVENT, RULE) == '{"a": 1}'


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("$.detail.where", {"ward": 3}),
        ("$.detail.sizes[1]", 2),
        ("$['detail']['key']", 'a "b".png'),
        ("$.detail.detail-type", "x"),
        ("$.nowhere.at.all", ""),
    ],
)
def test_a_path_selects_a_part(path: str, part: Any) -> None:
    assert json.loads(target_input({"InputPath": path}, EVENT, RULE)) == part


def test_values_are_quoted_where_the_template_is_json() -> None:
    text = transform('{"key": <key>, "ward": <ward>, "all": <aws.events.event.json>}',
                     key="$.detail.key", ward="$.detail.where.ward")  # fmt: skip

    assert json.loads(text) == {"key": 'a "b".png', "ward": 3, "all": EVENT}


def test_values_within_a_string_do_not_end_it() -> None:
    text = transform('{"text": "got <key> by <aws.events.rule-name> \\"quoted\\""}',
                     key="$.detail.key")  # fmt: skip

    assert json.loads(text) == {"text": 'got a "b".png by uploaded "quoted"'}


def test_a_template_that_is_no_json_takes_plain_text() -> None:
    assert transform("got <key> of <n>", key="$.detail.key", n="$.detail.sizes") == (
        'got a "b".png of [1, 2]'
    )
