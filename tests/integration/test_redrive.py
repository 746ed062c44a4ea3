"""Sending again on the laptop runtime, whose S3 tells of it and judges conditions."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest

from local.laptop.client import Laptop
from operations.account import Account
from operations.redrive import Redrive

LATER = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
REST = {"StartAt": "Rest", "States": {"Rest": {"Type": "Succeed"}}}

FROM_EVENTS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
        }
    ],
}


@pytest.fixture
def outputs(probe: Laptop, idle_role: str) -> dict[str, str]:
    """Of a stack that has just been deployed: buckets of its own, machines that never ran."""
    s3, states = probe.client("s3"), probe.client("stepfunctions")
    named = {}
    for role in ("Uploads", "Work", "Results"):
        named[f"{role}BucketName"] = name = f"redriven-{role.lower()}"
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for machine in ("TrainImages", "TrainTable"):
        named[f"{machine}StateMachineArn"] = states.create_state_machine(
            name=f"redriven-{machine}",
            definition=json.dumps(REST),
            roleArn=idle_role,
        )["stateMachineArn"]
    return named


def test_an_image_that_no_event_told_of_is_told_of(
    probe: Laptop,
    outputs: dict[str, str],
    eventually: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Given an upload from before S3 told EventBridge of anything; then one that is overtaken."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", probe.endpoint_url)
    monkeypatch.setattr(Account, "outputs", lambda self, name: outputs)
    s3, sqs, events = (probe.client(service) for service in ("s3", "sqs", "events"))
    bucket = outputs["UploadsBucketName"]
    s3.put_object(Bucket=bucket, Key="inbox/lost.png", Body=b"scan")
    url = sqs.create_queue(QueueName="redriven")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(FROM_EVENTS)})
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name="redriven", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="redriven", Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )

    redrive = Redrive(Account(), "redriven")
    (upload,) = redrive.unanswered(LATER)
    assert redrive.send_again(upload) == "sent again"

    def told() -> Any:
        return sqs.receive_message(QueueUrl=url).get("Messages")

    (message,) = eventually(told)
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "inbox/lost.png"

    newest = s3.put_object(Bucket=bucket, Key="inbox/lost.png", Body=b"another")["VersionId"]
    assert redrive.send_again(upload) == "replaced or deleted meanwhile"
    assert s3.head_object(Bucket=bucket, Key="inbox/lost.png")["VersionId"] == newest
