"""A queue feeds its function in batches; what fails is retried and ends in the dead letters."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import Laptop
from tests.integration.conftest import PROBE, LaptopFor


def drop(laptop: Laptop, key: str) -> None:
    """An upload, which the probe's rule puts into the inbox queue."""
    laptop.client("s3").put_object(Bucket=laptop.outputs["UploadsBucketName"], Key=key, Body=b"x")


def consumed(laptop: Laptop, prefix: str) -> dict[str, Any]:
    s3, bucket = laptop.client("s3"), laptop.outputs["ResultsBucketName"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"consumed/{prefix}").get("Contents", [])
    keys = [each["Key"] for each in listed]
    return {
        key.removeprefix("consumed/"): json.loads(
            s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        )
        for key in keys
    }


def depth(laptop: Laptop, output: str) -> int:
    names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    attributes = laptop.client("sqs").get_queue_attributes(
        QueueUrl=laptop.outputs[output], AttributeNames=names
    )["Attributes"]
    return sum(int(attributes[name]) for name in names)


def test_a_message_is_handled_within_a_moment_and_is_gone(
    probe: Laptop, eventually: Callable[..., Any]
) -> None:
    drop(probe, "inbox/warm-up")
    eventually(lambda: consumed(probe, "inbox/warm-up"))
    begun = time.monotonic()

    drop(probe, "inbox/one")

    eventually(lambda: consumed(probe, "inbox/one"))
    assert time.monotonic() - begun < 1
    eventually(lambda: depth(probe, "InboxQueueUrl") == 0)


def test_a_record_has_the_shape_that_lambda_hands_out(
    probe: Laptop, eventually: Callable[..., Any]
) -> None:
    drop(probe, "inbox/shape")

    record = eventually(lambda: consumed(probe, "inbox/shape"))["inbox/shape.json"]["record"]

    assert set(record) == {
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    }
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["attributes"]["SentTimestamp"].isdigit()
    assert record["eventSource"] == "aws:sqs"
    assert ":sqs:us-east-1:123456789012:" in record["eventSourceARN"]


def test_messages_come_in_batches_up_to_the_batch_size(
    laptop_for: LaptopFor, eventually: Callable[..., Any]
) -> None:
    laptop = laptop_for(PROBE, {"BatchWindow": "1", "VisibilityTimeout": "30"})

    for number in range(12):
        drop(laptop, f"inbox/batch/{number}")

    found = eventually(lambda: len(all_of := consumed(laptop, "inbox/batch/")) == 12 and all_of)
    sizes = {tuple(each["batch"]): len(each["batch"]) for each in found.values()}
    assert sum(sizes.values()) == 12
    assert max(sizes.values()) == 5  # the mapping's BatchSize
    assert len(sizes) <= 4


def test_a_reported_failure_is_retried_alone_and_then_buried(
    probe: Laptop, eventually: Callable[..., Any]
) -> None:
    for name in ("good-1", "fail-1", "good-2"):
        drop(probe, f"inbox/partial/{name}")

    eventually(lambda: len(consumed(probe, "inbox/partial/good")) == 2)
    sqs, url = probe.client("sqs"), probe.outputs["InboxDeadLetterQueueUrl"]
    message = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "inbox/partial/fail-1"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert depth(probe, "InboxQueueUrl") == 0


def test_a_batch_that_crashes_its_function_is_buried_and_not_lost(
    probe: Laptop, eventually: Callable[..., Any]
) -> None:
    drop(probe, "inbox/crash")

    sqs, url = probe.client("sqs"), probe.outputs["InboxDeadLetterQueueUrl"]
    message = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "inbox/crash"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_a_throttled_function_loses_no_message(
    laptop_for: LaptopFor, eventually: Callable[..., Any]
) -> None:
    laptop = laptop_for(PROBE, {"BatchWindow": "1", "VisibilityTimeout": "30"})
    client, name = laptop.client("lambda"), laptop.outputs["ConsumeFunctionName"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    for number in range(3):
        drop(laptop, f"inbox/throttled/{number}")
    time.sleep(2)
    assert not consumed(laptop, "inbox/throttled/")

    client.delete_function_concurrency(FunctionName=name)

    eventually(lambda: len(consumed(laptop, "inbox/throttled/")) == 3)
    assert depth(laptop, "InboxDeadLetterQueueUrl") == 0


def test_many_senders_at_once_lose_no_message(
    probe: Laptop, eventually: Callable[..., Any]
) -> None:
    def send(sender: int) -> None:
        for number in range(20):
            drop(probe, f"inbox/many/{sender}-{number}")

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    eventually(lambda: len(consumed(probe, "inbox/many/")) == 80, within=60)
    eventually(lambda: depth(probe, "InboxQueueUrl") == 0)
    assert depth(probe, "InboxDeadLetterQueueUrl") == 0


def test_a_mapping_with_a_filter_is_refused(probe: Laptop) -> None:
    arn = probe.client("sqs").get_queue_attributes(
        QueueUrl=probe.outputs["FailedQueueUrl"], AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]

    with pytest.raises(ClientError, match="does not implement FilterCriteria"):
        probe.client("lambda").create_event_source_mapping(
            EventSourceArn=arn,
            FunctionName=probe.outputs["ConsumeFunctionName"],
            FilterCriteria={"Filters": [{"Pattern": '{"body": ["x"]}'}]},
        )


def test_a_mapping_that_aws_would_refuse_is_refused(probe: Laptop) -> None:
    sqs, client = probe.client("sqs"), probe.client("lambda")
    url = sqs.create_queue(
        QueueName=f"impatient-{time.monotonic_ns()}", Attributes={"VisibilityTimeout": "2"}
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]

    with pytest.raises(ClientError, match="2 seconds is less than Function timeout: 3 seconds"):
        client.create_event_source_mapping(
            EventSourceArn=arn["QueueArn"], FunctionName=probe.outputs["ConsumeFunctionName"]
        )


def test_a_deleted_mapping_leaves_the_queue_alone(
    probe: Laptop, eventually: Callable[..., Any]
) -> None:
    sqs, client = probe.client("sqs"), probe.client("lambda")
    url = sqs.create_queue(QueueName=f"left-alone-{time.monotonic_ns()}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    mapping = client.create_event_source_mapping(
        EventSourceArn=arn["QueueArn"], FunctionName=probe.outputs["ConsumeFunctionName"]
    )
    client.delete_event_source_mapping(UUID=mapping["UUID"])
    time.sleep(0.5)

    sqs.send_message(QueueUrl=url, MessageBody="{}")

    time.sleep(0.5)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "{}"
