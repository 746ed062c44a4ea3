"""Sending back on the laptop runtime, whose poller gives up as SQS does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.laptop.client import Laptop
from operations import redrive
from operations.account import Account
from operations.redrive import KILLED


def test_what_its_function_could_not_handle_goes_back_to_its_queue(
    probe: Laptop,
    eventually: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Given a batch that crashes its function until SQS gives it up, which says nothing of it."""
    sqs = probe.client("sqs")
    empty, mended = (
        sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("no-letters", "mended-inbox")
    )
    dead = probe.outputs["InboxDeadLetterQueueUrl"]
    outputs = {
        "InboxDeadLetterQueueUrl": dead,
        "InboxQueueUrl": mended,
        "TableInboxDeadLetterQueueUrl": empty,
        "TableInboxQueueUrl": mended,
    }
    monkeypatch.setenv("AWS_ENDPOINT_URL", probe.endpoint_url)
    monkeypatch.setattr(Account, "outputs", lambda self, name: outputs)
    monkeypatch.setattr(Account, "resource", lambda self, stack, logical_id: empty)
    probe.client("s3").put_object(
        Bucket=probe.outputs["UploadsBucketName"], Key="inbox/crash/redriven", Body=b"x"
    )
    names = ["ApproximateNumberOfMessages"]

    def given_up() -> bool:
        found = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=names)["Attributes"]
        return int(found[names[0]]) == 1

    eventually(given_up)

    assert redrive.main(["--dry-run"]) == 0
    assert given_up()
    assert redrive.main([]) == 0

    assert f"inbox/crash/redriven: {KILLED}: sent back" in capsys.readouterr().out
    assert not given_up()
    (message,) = sqs.receive_message(QueueUrl=mended)["Messages"]
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "inbox/crash/redriven"
