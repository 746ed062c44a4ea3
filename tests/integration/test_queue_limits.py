"""What SQS refuses of messages, receipts, batches and queues."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import Laptop

MEBIBYTE = 2**20


@pytest.fixture
def sqs(probe: Laptop) -> Any:
    return probe.client("sqs")


@pytest.fixture
def url(sqs: Any) -> Iterator[str]:
    found: str = sqs.create_queue(QueueName=f"limits-{time.monotonic_ns()}")["QueueUrl"]
    yield found
    sqs.delete_queue(QueueUrl=found)


def received(sqs: Any, url: str, **settings: Any) -> Any:
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, **settings)["Messages"]
    return message["ReceiptHandle"]


def depth(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, found.values()))


def test_a_message_has_up_to_a_mebibyte_attributes_included(sqs: Any, url: str) -> None:
    attribute = {"note": {"DataType": "String", "StringValue": "ä" * 10}}
    counted = len("note") + len("String") + 20

    sqs.send_message(QueueUrl=url, MessageBody="ä" * (MEBIBYTE // 2))
    sqs.send_message(
        QueueUrl=url, MessageBody="x" * (MEBIBYTE - counted), MessageAttributes=attribute
    )

    with pytest.raises(ClientError, match="Message must be shorter than 1048576 bytes"):
        sqs.send_message(QueueUrl=url, MessageBody="ä" * (MEBIBYTE // 2) + "x")
    with pytest.raises(ClientError, match="Message must be shorter than 1048576 bytes"):
        sqs.send_message(
            QueueUrl=url, MessageBody="x" * (MEBIBYTE - counted + 1), MessageAttributes=attribute
        )


def test_a_batch_has_up_to_a_mebibyte_in_all(sqs: Any, url: str) -> None:
    entries = [{"Id": name, "MessageBody": "ä" * (MEBIBYTE // 4)} for name in ("a", "b")]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)

    entries[0]["MessageBody"] += "x"
    with pytest.raises(ClientError, match="You have sent 1048577 bytes"):
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"MessageBody": ""}, "must contain the parameter MessageBody"),
        ({"MessageBody": "\x00"}, "Invalid characters found"),
        ({"MessageBody": "x", "DelaySeconds": 901}, "DelaySeconds must be >= 0 and <= 900"),
        ({"MessageBody": "x", "DelaySeconds": -1}, "DelaySeconds must be >= 0 and <= 900"),
    ],
)
def test_messages_that_are_refused(
    sqs: Any, url: str, members: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ClientError, match=complaint):
        sqs.send_message(QueueUrl=url, **members)

    assert depth(sqs, url) == 0


def test_an_old_receipt_deletes_nothing(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x")
    old = received(sqs, url, VisibilityTimeout=1)
    new = received(sqs, url)

    sqs.delete_message(QueueUrl=url, ReceiptHandle=old)

    assert depth(sqs, url) == 1
    with pytest.raises(ClientError, match="is not available for visibility timeout change"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=old, VisibilityTimeout=5)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=new)
    assert depth(sqs, url) == 0


def test_a_message_that_is_visible_again_has_no_visibility_to_change(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = received(sqs, url, VisibilityTimeout=1)
    time.sleep(1.1)

    with pytest.raises(ClientError, match="is not available for visibility timeout change"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=5)


def test_a_message_is_invisible_for_twelve_hours_from_its_first_receipt(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x")
    time.sleep(3)
    handle = received(sqs, url)

    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43198)

    time.sleep(0.01)
    with pytest.raises(ClientError, match=r"beyond the limit \[43200 seconds\]"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=43200)
    for seconds in (-1, 43201):
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=seconds
            )


@pytest.mark.parametrize(
    ("ids", "error"),
    [
        (["a"] * 2, "BatchEntryIdsNotDistinct"),
        ([f"n{number}" for number in range(11)], "TooManyEntriesInBatchRequest"),
        (["a b"], "InvalidBatchEntryId"),
        ([], "EmptyBatchRequest"),
    ],
)
def test_batches_that_are_refused(sqs: Any, url: str, ids: list[str], error: str) -> None:
    with pytest.raises(ClientError, match=error):
        sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": name, "MessageBody": "x"} for name in ids]
        )
    receipts = [{"Id": name, "ReceiptHandle": str(n)} for n, name in enumerate(ids)]
    with pytest.raises(ClientError, match=error):
        sqs.delete_message_batch(QueueUrl=url, Entries=receipts)
    with pytest.raises(ClientError, match=error):
        sqs.change_message_visibility_batch(
            QueueUrl=url, Entries=[{**each, "VisibilityTimeout": 1} for each in receipts]
        )


def test_in_a_batch_each_receipt_stands_for_itself(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="x")
    entries = [{"Id": "good", "ReceiptHandle": received(sqs, url), "VisibilityTimeout": 5}]
    entries.append({**entries[0], "Id": "long", "VisibilityTimeout": 43201})
    entries.append({**entries[0], "Id": "unknown", "ReceiptHandle": "?"})

    answer = sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)

    assert [each["Id"] for each in answer["Successful"]] == ["good"]
    assert {each["Id"]: each["Code"] for each in answer["Failed"]} == {
        "long": "InvalidParameterValue",
        "unknown": "ReceiptHandleIsInvalid",
    }


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("VisibilityTimeout", ("-1", "43201", "soon")),
        ("DelaySeconds", ("901",)),
        ("MessageRetentionPeriod", ("59", "1209601")),
        ("MaximumMessageSize", ("1023", "1048577")),
        ("ReceiveMessageWaitTimeSeconds", ("21",)),
    ],
)
def test_attributes_that_a_queue_cannot_have(
    sqs: Any, url: str, attribute: str, values: tuple[str, ...]
) -> None:
    for value in values:
        with pytest.raises(ClientError, match=f"Invalid value for the parameter {attribute}"):
            sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: value})
        with pytest.raises(ClientError, match=f"Invalid value for the parameter {attribute}"):
            sqs.create_queue(QueueName="refused", Attributes={attribute: value})
