"""Whatever lands below inbox/ comes to a function that answers it, and to one alone."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from local.events import wildcards
from sonoflow import keys

Document = dict[str, Any]
BUCKET = "uploads"
# A key may hold anything; what could confuse a pattern or a suffix comes more often.
TEXT = st.text(st.one_of(st.sampled_from("./*csvCSVpng \\?[]ſ"), st.characters(codec="utf-8")))
BULK_SUFFIXES = [
    *("".join(each) for each in itertools.product("zZ", "iI", "pP")),
    *("jsonl", "JSONL"),
]
CASES = ["".join(each) for each in itertools.product("cC", "sS", "vV")]


wildcards.install()


def rule(template: Document, name: str) -> EventPattern:
    pattern = template["Resources"][name]["Properties"]["EventPattern"]
    text = json.dumps(pattern).replace(json.dumps({"Ref": "UploadsBucket"}), json.dumps(BUCKET))
    return EventPattern.load(text)


def matches(found: EventPattern, key: str) -> bool:
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 1}}
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    return found.matches_event(event)


def test_a_table_comes_to_the_tables_queue_and_nothing_else_does(template: Document) -> None:
    tables, everything = rule(template, "TableInboxRule"), rule(template, "InboxRule")

    @settings(max_examples=300, deadline=None)
    @given(path=st.one_of(TEXT, st.builds("{}.{}".format, TEXT, st.sampled_from(CASES))))
    def holds(path: str) -> None:
        key = keys.INBOX + path

        assert matches(tables, key) == keys.is_inbox_table(key)
        assert matches(everything, key)

    holds()


@pytest.mark.parametrize("suffix", CASES)
def test_a_tables_suffix_is_known_in_whatever_case(template: Document, suffix: str) -> None:
    for key in (f"inbox/a.{suffix}", f"inbox/ward 3/.{suffix}", f"inbox/x.png.{suffix}"):
        assert matches(rule(template, "TableInboxRule"), key)
        assert keys.is_inbox_table(key)


@pytest.mark.parametrize(
    "key",
    ["datasets/a.csv", "external/a.csv", "a.csv", "Inbox/a.csv", "xinbox/a.csv", "feedback/a.csv"],
)
def test_what_lies_elsewhere_is_no_message(template: Document, key: str) -> None:
    assert not matches(rule(template, "TableInboxRule"), key)
    assert not matches(rule(template, "InboxRule"), key)


def bulk_rule(template: Document) -> EventPattern:
    events = template["Resources"]["PlanBulkFunction"]["Properties"]["Events"]
    pattern = events["BulkUploaded"]["Properties"]["Pattern"]
    text = json.dumps(pattern).replace(json.dumps({"Ref": "UploadsBucket"}), json.dumps(BUCKET))
    return EventPattern.load(text)


def test_what_stands_for_many_comes_to_its_planner_and_nothing_else_does(
    template: Document,
) -> None:
    many = bulk_rule(template)
    suffixes = st.sampled_from([*BULK_SUFFIXES, "Jsonl", "jsonL", "json", "zipx", "ſip"])

    @settings(max_examples=300, deadline=None)
    @given(path=st.one_of(TEXT, st.builds("{}.{}".format, TEXT, suffixes)))
    def holds(path: str) -> None:
        key = keys.INBOX + path

        assert matches(many, key) == keys.is_inbox_bulk(key)
        assert not (matches(many, key) and matches(rule(template, "TableInboxRule"), key))

    holds()


@pytest.mark.parametrize("suffix", BULK_SUFFIXES)
def test_the_planner_hears_of_every_way_of_writing_a_suffix(
    template: Document, suffix: str
) -> None:
    for key in (f"inbox/a.{suffix}", f"inbox/ward 3/.{suffix}", f"inbox/x.png.{suffix}"):
        assert matches(bulk_rule(template), key)
        assert keys.is_inbox_bulk(key)
        assert not matches(bulk_rule(template), key.replace("inbox/", "datasets/"))


def test_a_rules_pattern_is_within_what_a_rule_may_be(template: Document) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
    pattern = template["Resources"]["TableInboxRule"]["Properties"]["EventPattern"]
    wildcards = [one["wildcard"] for one in pattern["detail"]["object"]["key"]]

    assert len(json.dumps(pattern)) < 2048 - 100
    assert all(one.count("*") == 1 for one in wildcards)
    assert {one.rpartition(".")[2] for one in wildcards} == set(CASES)


@pytest.mark.parametrize(
    ("function", "named", "others"),
    [
        ("PredictFunction", ("CLASSIFIER", "SEGMENTER"), ("table",)),
        ("PredictTableFunction", ("TABLE",), ("classifier", "segmenter")),
    ],
)
def test_a_function_knows_of_its_own_endpoints_and_queue_alone(
    template: Document, function: str, named: tuple[str, ...], others: tuple[str, ...]
) -> None:
    """What it has no endpoint for it skips, so that nothing is answered twice."""
    properties = template["Resources"][function]["Properties"]
    variables = properties["Environment"]["Variables"]
    policies = json.dumps(properties["Policies"])
    queues = {"PredictFunction": "InboxQueue", "PredictTableFunction": "TableInboxQueue"}
    (other,) = set(queues.values()) - {queues[function]}

    found = {name.split("_")[0] for name in variables if name.endswith("_ENDPOINT_NAME")}
    assert found == set(named)
    for each in others:
        assert f"-{each}" not in policies
    assert f'"{other}"' not in policies
    dead = queues[function].replace("Queue", "DeadLetterQueue")
    assert variables["INBOX_DEAD_LETTER_QUEUE_URL"] == {"Ref": dead}
    redrive = template["Resources"][queues[function]]["Properties"]["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [dead, "Arn"]}
    assert variables["INBOX_MAX_RECEIVES"] == redrive["maxReceiveCount"]
