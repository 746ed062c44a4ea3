"""An object that arrives in S3 reaches a rule's targets in the event that S3 sends on AWS."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import Laptop
from tests.integration.roles import letting_in, role


@pytest.fixture
def recorded(probe: Laptop, eventually: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    """The events that the function behind the probe's rule stored, for one key."""
    s3, bucket = probe.client("s3"), probe.outputs["ResultsBucketName"]

    def look(key: str, count: int = 1) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            listed = s3.list_objects_v2(Bucket=bucket, Prefix="events/").get("Contents", [])
            bodies = [s3.get_object(Bucket=bucket, Key=each["Key"])["Body"] for each in listed]
            events = [json.loads(body.read()) for body in bodies]
            events = [event for event in events if event["detail"]["object"]["key"] == key]
            return events if len(events) >= count else []

        return eventually(found)  # type: ignore[no-any-return]

    return look


@pytest.fixture
def queue(probe: Laptop) -> Iterator[tuple[str, str]]:
    """URL and ARN of an empty queue that takes events."""
    sqs = probe.client("sqs")
    url = sqs.create_queue(QueueName=f"events-{time.monotonic_ns()}")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    arn = attributes["QueueArn"]
    policy = letting_in("events.amazonaws.com", "sqs:SendMessage", arn)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    yield url, arn
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def rule(probe: Laptop) -> Iterator[Callable[..., str]]:
    """Creates a rule on the source `probe` with one target."""
    events, names = probe.client("events"), []

    def create(target: dict[str, Any], pattern: dict[str, Any] | None = None) -> str:
        name = f"rule-{time.monotonic_ns()}"
        pattern = pattern or {"source": ["probe"], "detail-type": [name]}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        names.append(name)
        events.put_targets(Rule=name, Targets=[{"Id": "only", **target}])
        return name

    yield create
    for name in names:
        events.remove_targets(Rule=name, Ids=["only"])
        events.delete_rule(Name=name)


def send(probe: Laptop, kind: str, detail: dict[str, Any]) -> None:
    entry = {"Source": "probe", "DetailType": kind, "Detail": json.dumps(detail)}
    answer = probe.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def messages(probe: Laptop, url: str, seconds: int = 5) -> list[str]:
    answer = probe.client("sqs").receive_message(
        QueueUrl=url, WaitTimeSeconds=seconds, MaxNumberOfMessages=10
    )
    return [message["Body"] for message in answer.get("Messages", [])]


def test_an_object_created_event_has_the_shape_that_s3_sends(
    probe: Laptop, recorded: Callable[..., Any]
) -> None:
    bucket, key = probe.outputs["UploadsBucketName"], "record/a scan (1).png"

    put = probe.client("s3").put_object(Bucket=bucket, Key=key, Body=b"12345")

    (event,) = recorded(key)
    assert re.fullmatch(r"[0-9a-f-]{36}", event.pop("id"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event.pop("time"))
    assert re.fullmatch(r"[0-9A-F]{16}", event["detail"].pop("request-id"))
    assert re.fullmatch(r"[0-9A-F]{16,}", event["detail"]["object"].pop("sequencer"))
    assert event == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {
                "key": key,
                "size": 5,
                "etag": put["ETag"].strip('"'),
                "version-id": put["VersionId"],
            },
            "requester": "123456789012",
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    }


def test_a_multipart_upload_sends_one_event(probe: Laptop, recorded: Callable[..., Any]) -> None:
    s3, bucket, key = probe.client("s3"), probe.outputs["UploadsBucketName"], "record/parts"
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    parts = []
    for number, size in ((1, 5 * 2**20), (2, 7)):
        part = s3.upload_part(
            Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=b"x" * size
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"]})

    s3.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
    )

    (event,) = recorded(key)
    time.sleep(0.5)
    assert len(recorded(key)) == 1
    assert event["detail"]["reason"] == "CompleteMultipartUpload"
    assert event["detail"]["object"]["size"] == 5 * 2**20 + 7


def test_a_copy_sends_one_event_with_its_own_reason(
    probe: Laptop, recorded: Callable[..., Any]
) -> None:
    s3, bucket = probe.client("s3"), probe.outputs["UploadsBucketName"]
    s3.put_object(Bucket=bucket, Key="elsewhere/source", Body=b"x")

    s3.copy_object(
        Bucket=bucket, Key="record/copy", CopySource={"Bucket": bucket, "Key": "elsewhere/source"}
    )

    (event,) = recorded("record/copy")
    assert event["detail"]["reason"] == "CopyObject"


def test_two_versions_of_a_key_can_be_put_in_order(
    probe: Laptop, recorded: Callable[..., Any]
) -> None:
    s3, bucket, key = probe.client("s3"), probe.outputs["UploadsBucketName"], "record/twice"

    versions = [
        s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"] for body in (b"1", b"2")
    ]

    objects = [event["detail"]["object"] for event in recorded(key, 2)]
    ordered = sorted(objects, key=lambda each: each["sequencer"])
    assert [each["version-id"] for each in ordered] == versions


def test_an_object_that_no_rule_names_reaches_nobody(
    probe: Laptop, queue: tuple[str, str], rule: Callable[..., str]
) -> None:
    url, arn = queue
    bucket = probe.outputs["UploadsBucketName"]
    pattern = {
        "source": ["aws.s3"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "wanted/"}]}},
    }
    rule({"Arn": arn}, pattern)

    probe.client("s3").put_object(Bucket=bucket, Key="unwanted/x", Body=b"x")
    probe.client("s3").put_object(Bucket=bucket, Key="wanted/x", Body=b"x")

    keys = [json.loads(body)["detail"]["object"]["key"] for body in messages(probe, url)]
    assert set(keys) == {"wanted/x"}  # at least once is what EventBridge promises


def test_a_disabled_rule_does_not_fire(
    probe: Laptop, queue: tuple[str, str], rule: Callable[..., str]
) -> None:
    url, arn = queue
    name = rule({"Arn": arn})
    probe.client("events").disable_rule(Name=name)

    send(probe, name, {})

    assert messages(probe, url, seconds=1) == []


@pytest.mark.parametrize(
    ("shaping", "expected"),
    [
        ({"Input": '{"constant": 1}'}, '{"constant": 1}'),
        ({"InputPath": "$.detail.where"}, '{"ward": 3}'),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"ward": "$.detail.where.ward", "who": "$.detail.who"},
                    "InputTemplate": '{"ward": <ward>, "text": "to <who>", "who": <who>}',
                }
            },
            '{"ward": 3, "text": "to Dr \\"A\\"", "who": "Dr \\"A\\""}',
        ),
    ],
)
def test_a_target_gets_the_part_of_the_event_that_it_asks_for(
    probe: Laptop,
    queue: tuple[str, str],
    rule: Callable[..., str],
    shaping: dict[str, Any],
    expected: str,
) -> None:
    url, arn = queue
    name = rule({"Arn": arn, **shaping})

    send(probe, name, {"where": {"ward": 3}, "who": 'Dr "A"'})

    assert messages(probe, url) == [expected]


def test_an_event_starts_a_state_machine(
    probe: Laptop, rule: Callable[..., str], eventually: Callable[..., Any]
) -> None:
    arn = probe.outputs["GreetStateMachineArn"]
    starts = role(probe, "starts", "events.amazonaws.com", "states:StartExecution", arn)
    name = rule({"Arn": arn, "RoleArn": starts})
    states = probe.client("stepfunctions")

    send(probe, name, {"hello": 1})

    def succeeded() -> Any:
        found = states.list_executions(stateMachineArn=arn, statusFilter="SUCCEEDED")
        return found["executions"]

    (execution,) = eventually(succeeded)
    output = json.loads(states.describe_execution(executionArn=execution["executionArn"])["output"])
    assert output["event"]["detail"] == {"hello": 1}
    assert output["event"]["said"] == {"greeting": "hello"}  # a substitution of the template


def test_an_event_is_published_to_a_topic(
    probe: Laptop, queue: tuple[str, str], rule: Callable[..., str]
) -> None:
    url, arn = queue
    sns = probe.client("sns")
    topic = sns.create_topic(Name="events")["TopicArn"]
    policy = letting_in("events.amazonaws.com", "sns:Publish", topic)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    name = rule({"Arn": topic})

    send(probe, name, {"n": 1})

    (body,) = messages(probe, url)
    assert json.loads(json.loads(body)["Message"])["detail"] == {"n": 1}


def test_an_event_that_cannot_be_delivered_goes_to_the_rules_dead_letter_queue(
    probe: Laptop, queue: tuple[str, str], rule: Callable[..., str]
) -> None:
    url, arn = queue
    gone = "arn:aws:lambda:us-east-1:123456789012:function:gone"
    name = rule({"Arn": gone, "DeadLetterConfig": {"Arn": arn}})

    send(probe, name, {"n": 1})

    answer = probe.client("sqs").receive_message(
        QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["All"]
    )
    (message,) = answer["Messages"]
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes["TARGET_ARN"] == gone
    assert attributes["RULE_ARN"].endswith(f"rule/{name}")
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"  # nothing there says that it may


def test_a_target_that_would_get_nothing_is_refused(probe: Laptop) -> None:
    events = probe.client("events")
    events.put_rule(Name="refused", EventPattern='{"source": ["x"]}')

    with pytest.raises(ClientError, match="delivers to lambda, sns, sqs, states only"):
        events.put_targets(
            Rule="refused",
            Targets=[{"Id": "1", "Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/s"}],
        )


def test_a_schedule_that_no_clock_here_knows_is_refused(probe: Laptop) -> None:
    events = probe.client("events")
    with pytest.raises(ClientError, match="knows no ScheduleExpression but rate"):
        events.put_rule(Name="nightly", ScheduleExpression="cron(0 3 * * ? *)")


@pytest.mark.slow
def test_a_schedule_fires(
    probe: Laptop, queue: tuple[str, str], eventually: Callable[..., Any]
) -> None:
    """By the minute, which is the shortest that there is."""
    url, arn = queue
    events, sqs = probe.client("events"), probe.client("sqs")
    rule = events.put_rule(Name="by-the-minute", ScheduleExpression="rate(1 minute)")["RuleArn"]
    events.put_targets(Rule="by-the-minute", Targets=[{"Id": "1", "Arn": arn}])

    try:
        (message,) = eventually(
            lambda: sqs.receive_message(QueueUrl=url).get("Messages"), within=90
        )
    finally:
        events.remove_targets(Rule="by-the-minute", Ids=["1"])
        events.delete_rule(Name="by-the-minute")

    event = json.loads(message["Body"])
    assert (event["detail-type"], event["resources"]) == ("Scheduled Event", [rule])


def test_who_does_not_let_events_in_gets_none(
    probe: Laptop, queue: tuple[str, str], rule: Callable[..., str]
) -> None:
    url, arn = queue
    sqs = probe.client("sqs")
    closed = sqs.create_queue(QueueName="closed")["QueueUrl"]
    name = rule({"Arn": arn.rsplit(":", 1)[0] + ":closed", "DeadLetterConfig": {"Arn": arn}})

    send(probe, name, {"n": 1})

    answer = sqs.receive_message(
        QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["ERROR_MESSAGE"]
    )
    (message,) = answer["Messages"]
    told = message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert "events.amazonaws.com is not authorized to perform: sqs:SendMessage" in told
    assert messages(probe, closed, seconds=1) == []
