"""What EventBridge and SNS refuse of events, patterns, rules and messages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import Laptop

MEBIBYTE = 2**20


@pytest.fixture
def events(probe: Laptop) -> Any:
    return probe.client("events")


@pytest.fixture
def topic(probe: Laptop) -> Iterator[Any]:
    """Publishes to a topic that nobody has subscribed to."""
    sns = probe.client("sns")
    arn = sns.create_topic(Name=f"limits-{time.monotonic_ns()}")["TopicArn"]
    yield lambda **members: sns.publish(TopicArn=arn, **{"Message": "x", **members})
    sns.delete_topic(TopicArn=arn)


def entry(detail: Any = None, **members: Any) -> dict[str, Any]:
    return {"Source": "s", "DetailType": "t", "Detail": json.dumps(detail or {}), **members}


def test_the_entries_of_a_request_have_a_megabyte_together(events: Any) -> None:
    counted = 2 * (len("s") + len("t") + len('{"x": ""}'))
    half = "x" * ((MEBIBYTE - counted) // 2)
    assert events.put_events(Entries=[entry({"x": half})] * 2)["FailedEntryCount"] == 0

    for more in ({"Resources": ["r"]}, {"Time": 0}):
        with pytest.raises(ClientError, match="Total size of the entries in the request is over"):
            events.put_events(Entries=[entry({"x": half}), entry({"x": half}, **more)])


def test_an_entry_fails_alone(events: Any) -> None:
    answer = events.put_events(
        Entries=[entry(), entry(Source="aws.s3"), entry(Detail="[]"), entry(Detail="{"), entry()]
    )

    assert answer["FailedEntryCount"] == 3
    assert [each.get("ErrorCode") for each in answer["Entries"]] == [
        None,
        "NotAuthorizedForSourceException",
        "MalformedDetail",
        "MalformedDetail",
        None,
    ]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ([], "Filter is not an object"),
        ({"source": "s"}, "must be an object or an array"),
        ({"source": []}, "Empty arrays are not allowed"),
        ({"source": [["s"]]}, "Match value must be String, number, true, false, or null"),
        ({"source": [{"like": "s"}]}, "Unrecognized match type like"),
        ({"source": [{"prefix": "s", "suffix": "t"}]}, "Only one key allowed"),
        ({"source": [{"prefix": 5}]}, "prefix match pattern"),
        ({"source": [{"exists": "yes"}]}, "exists match pattern"),
        ({"detail": {"n": [{"numeric": [">"]}]}}, "Bad numeric range operator"),
        ({"detail": {"n": [{"numeric": ["!", 5]}]}}, "Bad numeric range operator"),
        ({"detail": {"n": [{"wildcard": "a**"}]}}, "Consecutive wildcard characters"),
        ({"detail": {"n": [{"anything-but": {"like": "s"}}]}}, "Unrecognized match type like"),
        ({"$or": [{"source": [{"like": "s"}]}]}, "Unrecognized match type like"),
    ],
)
def test_a_pattern_that_would_match_by_mistake_is_refused(
    events: Any, pattern: Any, reason: str
) -> None:
    with pytest.raises(ClientError, match=reason) as raised:
        events.put_rule(Name="refused-pattern", EventPattern=json.dumps(pattern))

    assert raised.value.response["Error"]["Code"] == "InvalidEventPatternException"


def test_patterns_of_every_kind_are_taken(events: Any) -> None:
    pattern = {
        "source": ["s", None, {"exists": True}, {"equals-ignore-case": "S"}],
        "detail": {
            "n": [5, {"numeric": [">", 0, "<=", 5]}, {"cidr": "10.0.0.0/24"}],
            "t": [{"prefix": {"equals-ignore-case": "A"}}, {"suffix": "b"}, {"wildcard": "a*b"}],
            "u": [{"anything-but": ["a"]}, {"anything-but": {"prefix": ["a", "b"]}}],
        },
        "$or": [{"region": ["us-east-1"]}, {"account": [{"anything-but": "1"}]}],
    }

    events.put_rule(Name="every-kind", EventPattern=json.dumps(pattern))

    events.delete_rule(Name="every-kind")


def test_a_rule_has_five_targets(events: Any) -> None:
    events.put_rule(Name="five", EventPattern='{"source": ["none"]}')
    targets = [
        {"Id": str(number), "Arn": "arn:aws:sqs:us-east-1:123456789012:none"} for number in range(6)
    ]
    events.put_targets(Rule="five", Targets=targets[:5])
    events.put_targets(Rule="five", Targets=targets[:1])  # which it has

    with pytest.raises(ClientError) as raised:
        events.put_targets(Rule="five", Targets=targets[5:])

    assert raised.value.response["Error"]["Code"] == "LimitExceededException"
    events.remove_targets(Rule="five", Ids=[target["Id"] for target in targets])
    events.delete_rule(Name="five")


@pytest.mark.parametrize("subject", ["", "x" * 101, "two\nlines", "bell\x07"])
def test_a_subject_is_one_short_line(topic: Any, subject: str) -> None:
    topic(Subject="x" * 100)
    topic(Subject="Prüfung")

    with pytest.raises(ClientError, match="Invalid parameter: Subject") as raised:
        topic(Subject=subject)

    assert raised.value.response["Error"]["Code"] == "InvalidParameter"


def test_a_message_has_up_to_256_kibibytes_attributes_included(topic: Any) -> None:
    attributes = {"note": {"DataType": "String", "StringValue": "ää"}}
    counted = len("note") + len("String") + 4
    limit = 256 * 1024
    topic(Message="ä" * (limit // 2))
    topic(Message="x" * (limit - counted), MessageAttributes=attributes)

    for members in (
        {"Message": "ä" * (limit // 2) + "x"},
        {"Message": "x" * (limit - counted + 1), "MessageAttributes": attributes},
    ):
        with pytest.raises(ClientError, match="Invalid parameter: Message too long"):
            topic(**members)
    with pytest.raises(ClientError, match="Invalid parameter: Empty message"):
        topic(Message="")


def test_a_batch_counts_as_one_message(probe: Laptop) -> None:
    sns = probe.client("sns")
    arn = sns.create_topic(Name=f"batch-{time.monotonic_ns()}")["TopicArn"]
    entries = [{"Id": name, "Message": "x" * 128 * 1024} for name in ("a", "b")]

    answer = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)

    assert len(answer["Successful"]) == 2
    entries[0]["Message"] += "x"
    with pytest.raises(ClientError, match="BatchRequestTooLong"):
        sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    entries[0] = {"Id": "a", "Message": "x", "Subject": "two\nlines"}
    answer = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    assert [each["Id"] for each in answer["Failed"]] == ["a"]
