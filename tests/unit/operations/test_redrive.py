"""Dead letters: what is said of them, and how they are sent back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from operations import redrive
from operations.account import Account
from operations.redrive import KILLED
from tests.unit import stack

NAMES = ("Inbox", "InboxDeadLetter", "TableInbox", "TableInboxDeadLetter", "UploadsDeadLetter")
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/"


class Known(Account):
    """The account in which the unit tests' stack is."""

    def outputs(self, name: str) -> dict[str, str]:
        return {f"{name}QueueUrl": f"{URL}{name}" for name in NAMES}

    def resource(self, stack: str, logical_id: str) -> str:
        return {
            "UploadsDeadLetterQueue": f"{URL}UploadsDeadLetter",
            "PlanDatasetFunction": "sonoflow-PlanDatasetFunction",
            "RecordFeedbackFunction": "sonoflow-RecordFeedbackFunction",
            "PlanBulkFunction": "sonoflow-PlanBulkFunction",
        }[logical_id]


@pytest.fixture(autouse=True)
def planned(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the function that plans data sets is invoked with."""
    events: list[Any] = []

    def note(params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        assert params["headers"]["X-Amz-Invocation-Type"] == "Event"
        events.append((params["url_path"].split("/")[3], json.loads(params["body"])))
        return AWSResponse(params["url"], 202, {}, None), {"StatusCode": 202}

    class Listening(Known):
        def __init__(self) -> None:
            super().__init__()
            self.client("lambda").meta.events.register("before-call.lambda.Invoke", note)

    monkeypatch.setattr(redrive, "Account", Listening)
    for name in NAMES:
        boto3.client("sqs").create_queue(QueueName=name)
    yield events


def lay(queue: str, body: Any, **told: str) -> None:
    boto3.client("sqs").send_message(
        QueueUrl=URL + queue,
        MessageBody=body if isinstance(body, str) else json.dumps(body),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in told.items()
        },
    )


def held(queue: str) -> list[Any]:
    """The bodies of what can be received from a queue."""
    found = boto3.client("sqs").receive_message(
        QueueUrl=URL + queue, MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [message["Body"] for message in found.get("Messages", [])]


def about(key: str) -> Any:
    event = stack.event("plan_dataset.archive")
    event["detail"]["object"]["key"] = key
    return event


def test_letters_go_back_to_where_they_came_from_with_their_reasons_told(
    planned: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    scan, rows, ward = about("inbox/a.png"), about("inbox/b.csv"), about("datasets/w.zip")
    lay("InboxDeadLetter", scan, reason="ModelError: it failed", attempts="12")
    lay("TableInboxDeadLetter", rows)
    lay("UploadsDeadLetter", ward, ErrorCode="200", ErrorMessage="out of luck")
    verdict = about("feedback/a.png.json")
    lay("UploadsDeadLetter", verdict)
    many = about("inbox/week.zip")
    lay("UploadsDeadLetter", many)

    assert redrive.main(["--stack", "sonoflow"]) == 0

    assert [json.loads(each) for each in held("Inbox")] == [scan]
    assert [json.loads(each) for each in held("TableInbox")] == [rows]
    assert planned == [
        ("sonoflow-PlanDatasetFunction", ward),
        ("sonoflow-RecordFeedbackFunction", verdict),
        ("sonoflow-PlanBulkFunction", many),
    ]
    for name in ("InboxDeadLetter", "TableInboxDeadLetter", "UploadsDeadLetter"):
        assert held(name) == []
    told = capsys.readouterr().out
    assert "inbox/a.png: ModelError: it failed (attempts: 12): sent back" in told
    assert f"inbox/b.csv: {KILLED}: sent back" in told
    assert "datasets/w.zip: 200: out of luck: sent back" in told
    assert "5 dead letters, 5 sent back" in told


def test_what_eventbridge_could_not_deliver_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    lay(
        "InboxDeadLetter",
        about("inbox/a.png"),
        ERROR_CODE="NO_PERMISSIONS",
        ERROR_MESSAGE="not allowed",
    )

    assert redrive.main([]) == 0

    assert "NO_PERMISSIONS: not allowed: sent back" in capsys.readouterr().out


def test_what_is_no_event_of_an_upload_is_told_of_and_stays(
    planned: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {"source": "aws.states", "detail": {"name": "w-1", "error": "States.Runtime"}}
    lay("UploadsDeadLetter", broken)
    lay("UploadsDeadLetter", about("external/x.zip"))
    lay("UploadsDeadLetter", about("inbox/a.png"))  # of a queue, which is not this one's
    lay("InboxDeadLetter", "see the letter", reason="JSONDecodeError: no", attempts="12")

    assert redrive.main([]) == 0

    assert held("InboxDeadLetter") == ["see the letter"]
    kept = [json.loads(each) for each in held("UploadsDeadLetter")]
    assert sorted(each["source"] for each in kept) == ["aws.s3", "aws.s3", "aws.states"]
    assert (held("Inbox"), planned) == ([], [])
    told = capsys.readouterr().out
    assert "no event of an upload: JSONDecodeError: no (attempts: 12): kept" in told
    assert "the run w-1 broke off (States.Runtime): upload its data set again: kept" in told
    assert "4 dead letters, 0 sent back" in told


def test_a_dry_run_leaves_everything_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(12):
        lay("InboxDeadLetter", about(f"inbox/{number}.png"))

    assert redrive.main(["--dry-run"]) == 0

    assert "12 dead letters, 0 sent back" in capsys.readouterr().out
    assert held("Inbox") == []
    assert len(held("InboxDeadLetter")) == 10  # of one answer; and none is hidden


def test_a_letter_that_could_not_be_sent_is_still_there_to_go_on_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lay("InboxDeadLetter", about("inbox/a.png"))
    boto3.client("sqs").delete_queue(QueueUrl=f"{URL}Inbox")

    assert redrive.main([]) == 1

    assert "run the same again to go on" in capsys.readouterr().err
    attributes = boto3.client("sqs").get_queue_attributes(
        QueueUrl=f"{URL}InboxDeadLetter", AttributeNames=["All"]
    )["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_what_comes_back_meanwhile_is_not_sent_in_circles(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a function that gives everything up at once."""
    lay("InboxDeadLetter", about("inbox/a.png"))
    back = redrive.Redrive.send_back

    def and_given_up(self: Any, kind: str, letter: Any) -> bool:
        sent = back(self, kind, letter)
        lay("InboxDeadLetter", letter.body, reason="again", attempts="1")
        return sent

    monkeypatch.setattr(redrive.Redrive, "send_back", and_given_up)

    assert redrive.main([]) == 0

    assert "1 dead letters, 1 sent back" in capsys.readouterr().out
