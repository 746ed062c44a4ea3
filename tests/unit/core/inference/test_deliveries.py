"""What becomes of inbox messages that could not be handled: when they come again."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.predict.app import handler
from sonoflow.aws.clients import client
from sonoflow.inference import deliveries
from tests.unit import fake_endpoints, pictures, stack, tables
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, TABLE, FakeEndpoints

QUEUE = "sonoflow-InboxQueue-4c8e1a7f2b6d"
DEAD_LETTERS = "sonoflow-InboxDeadLetterQueue-9d3b5e1c8a70"
VISIBILITY, RECEIVES = 1800, 3
NONE_FAILED: dict[str, list[Any]] = {"batchItemFailures": []}


@pytest.fixture
def queue(endpoints: FakeEndpoints) -> Iterator[str]:
    """The inbox queue of the event files, by its URL."""
    deliveries._queue_url.cache_clear()
    sqs = client("sqs")
    url: str = sqs.create_queue(QueueName=QUEUE, Attributes={"VisibilityTimeout": str(VISIBILITY)})[
        "QueueUrl"
    ]
    with tables.served(endpoints):
        yield url
    deliveries._queue_url.cache_clear()


def received(url: str, name: str = "predict.image", data: bytes = pictures.png()) -> dict[str, Any]:
    """The batch of one message about a new upload, as Lambda hands it over."""
    batch: dict[str, Any] = stack.upload_messages(stack.event(name), data)
    body = json.loads(batch["Records"][0]["body"])
    body["time"] = ago(minutes=30)
    client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))
    return again(url, batch)


def again(url: str, batch: dict[str, Any]) -> dict[str, Any]:
    answer = client("sqs").receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])
    (message,) = answer["Messages"]
    batch["Records"][0] |= {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
    }
    return batch


def ago(**delta: float) -> str:
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(**delta)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def visibilities() -> Iterator[list[int]]:
    """What SQS was asked to wait for, in seconds."""
    seconds: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        seconds.append(params["VisibilityTimeout"])

    hook = "provide-client-params.sqs.ChangeMessageVisibility"
    client("sqs").meta.events.register(hook, note)
    yield seconds
    client("sqs").meta.events.unregister(hook, note)


def counts(url: str) -> tuple[int, int, int]:
    """Messages that can be received, that are being handled, and that come later."""
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(found[name]) for name in names)  # type: ignore[return-value]


@pytest.mark.parametrize("endpoint", [CLASSIFIER, SEGMENTER])
def test_a_failure_is_tried_again_soon_and_then_after_growing_waits(
    context: Any, endpoints: FakeEndpoints, queue: str, visibilities: list[int], endpoint: str
) -> None:
    endpoints.answers[endpoint] = fake_endpoints.failing
    batch = received(queue)

    for receives in (1, 2, 3, 4, 9):
        batch["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(receives)
        assert len(handler(batch, context)["batchItemFailures"]) == 1

    for seconds, middle in zip(visibilities, (30, 120, 600, 1800, 1800), strict=True):
        assert 0.75 * middle <= seconds <= 1.25 * middle
    assert counts(queue) == (0, 1, 0)


def test_messages_that_failed_together_do_not_come_again_together(
    context: Any, endpoints: FakeEndpoints, queue: str, visibilities: list[int]
) -> None:
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing
    batch = received(queue)
    batch["Records"][0]["attributes"]["ApproximateReceiveCount"] = "4"

    for _ in range(20):
        handler(batch, context)

    assert len(set(visibilities)) > 5


def test_a_parameter_says_how_soon_the_first_time(
    context: Any,
    endpoints: FakeEndpoints,
    queue: str,
    visibilities: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INBOX_RETRY_SECONDS", "4")
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing

    handler(received(queue), context)

    assert 3 <= visibilities[0] <= 5


@pytest.mark.parametrize("endpoint", [CLASSIFIER, SEGMENTER])
def test_an_image_that_came_before_its_model_waits_without_using_up_its_attempts(
    context: Any, endpoints: FakeEndpoints, queue: str, endpoint: str
) -> None:
    working = endpoints.answers.pop(endpoint)
    batch = received(queue)
    body = batch["Records"][0]["body"]

    assert handler(batch, context) == NONE_FAILED

    assert counts(queue) == (0, 1, 1)  # the old one is Lambda's to delete
    assert stack.keys_of(stack.RESULTS) == []
    batch["Records"][0]["body"] = body
    endpoints.answers[endpoint] = working
    assert handler(batch, context) == NONE_FAILED
    assert "predictions/ward3/scan (1).png.json" in stack.keys_of(stack.RESULTS)


def test_what_waits_is_the_same_message(context: Any, endpoints: FakeEndpoints, queue: str) -> None:
    sent: list[dict[str, Any]] = []
    hook = "provide-client-params.sqs.SendMessage"
    endpoints.answers.pop(CLASSIFIER)
    batch = received(queue)

    def note(params: dict[str, Any], **_: Any) -> None:
        sent.append(params)

    client("sqs").meta.events.register(hook, note)
    try:
        handler(batch, context)
    finally:
        client("sqs").meta.events.unregister(hook, note)

    (message,) = sent
    assert message["MessageBody"] == batch["Records"][0]["body"]
    assert 135 <= message["DelaySeconds"] <= 225  # a tenth of half an hour, and the jitter


@pytest.mark.parametrize(
    ("waited", "low", "high"),
    [({"seconds": 1}, 7, 13), ({"hours": 2}, 540, 900), ({"days": 3}, 675, 900)],
)
def test_the_longer_it_has_waited_the_later_it_is_tried_again(
    context: Any,
    endpoints: FakeEndpoints,
    queue: str,
    waited: dict[str, float],
    low: int,
    high: int,
) -> None:
    endpoints.answers.pop(CLASSIFIER)
    batch = received(queue)
    body = json.loads(batch["Records"][0]["body"]) | {"time": ago(**waited)}
    batch["Records"][0]["body"] = json.dumps(body)
    delays: list[int] = []
    hook = "provide-client-params.sqs.SendMessage"

    def note(params: dict[str, Any], **_: Any) -> None:
        delays.append(params["DelaySeconds"])

    client("sqs").meta.events.register(hook, note)
    try:
        handler(batch, context)
    finally:
        client("sqs").meta.events.unregister(hook, note)

    assert low <= delays[0] <= high


def test_a_table_that_came_before_its_model_waits_too(
    context: Any, endpoints: FakeEndpoints, queue: str
) -> None:
    del endpoints.described[TABLE]

    assert handler(received(queue, "predict.table", tables.ROWS), context) == NONE_FAILED

    assert counts(queue) == (0, 1, 1)


@pytest.mark.parametrize("change", [{"time": ago(days=15)}, {"time": None}, {"time": "yesterday"}])
def test_what_has_waited_for_a_fortnight_fails(
    context: Any, endpoints: FakeEndpoints, queue: str, change: dict[str, Any]
) -> None:
    endpoints.answers.pop(CLASSIFIER)
    batch = received(queue)
    body = json.loads(batch["Records"][0]["body"]) | change
    batch["Records"][0]["body"] = json.dumps(body)

    assert len(handler(batch, context)["batchItemFailures"]) == 1
    assert counts(queue) == (0, 1, 0)


def test_an_image_that_waits_says_so_in_numbers(
    context: Any, endpoints: FakeEndpoints, queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoints.answers.pop(CLASSIFIER)

    handler(received(queue), context)

    lines = capsys.readouterr().out.splitlines()
    (metrics,) = [json.loads(line) for line in lines if line.startswith('{"_aws"')]
    assert metrics["WaitingForModel"] == [1.0]
    assert 1790 < metrics["SecondsWaited"][0] < 1900
    assert "PredictionFailures" not in metrics


def test_a_queue_that_cannot_be_asked_hides_no_failure(
    context: Any, endpoints: FakeEndpoints, queue: str
) -> None:
    """The message comes again after the queue's own timeout."""
    batch = received(queue)
    client("sqs").delete_queue(QueueUrl=queue)
    for name in (CLASSIFIER, SEGMENTER):
        for answer in (fake_endpoints.missing, fake_endpoints.failing):
            endpoints.answers[name] = answer
            assert len(handler(batch, context)["batchItemFailures"]) == 1


@pytest.fixture
def dead_letters(queue: str, settings_env: pytest.MonkeyPatch) -> str:
    """Where the function lays what it gives up after its third attempt."""
    url: str = client("sqs").create_queue(QueueName=DEAD_LETTERS)["QueueUrl"]
    settings_env.setenv("INBOX_DEAD_LETTER_QUEUE_URL", url)
    settings_env.setenv("INBOX_MAX_RECEIVES", str(RECEIVES))
    return url


def attempt(batch: dict[str, Any], number: int) -> dict[str, Any]:
    batch["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(number)
    return batch


def test_the_last_attempt_ends_with_the_dead_letters_and_its_reason_once(
    context: Any,
    endpoints: FakeEndpoints,
    queue: str,
    dead_letters: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing
    endpoints.answers.pop(SEGMENTER)
    batch = received(queue)
    body = batch["Records"][0]["body"]

    for number in range(1, RECEIVES):
        assert len(handler(attempt(batch, number), context)["batchItemFailures"]) == 1
        assert counts(dead_letters) == (0, 0, 0)
    capsys.readouterr()
    assert handler(attempt(batch, RECEIVES), context) == NONE_FAILED

    (letter,) = client("sqs").receive_message(
        QueueUrl=dead_letters, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert letter["Body"] == body
    assert told["attempts"] == str(RECEIVES)
    assert "ModelError" in told["reason"]
    assert "the model failed" in told["reason"]
    assert "Endpoint not found" in told["reason"]  # the segmenter's, which failed beside it
    assert stack.keys_of(stack.RESULTS) == []
    lines = capsys.readouterr().out.splitlines()
    (metrics,) = [json.loads(line) for line in lines if line.startswith('{"_aws"')]
    assert metrics["DeadLetters"] == [1.0]


def test_what_cannot_be_laid_with_the_dead_letters_is_left_for_sqs_to_move(
    context: Any, endpoints: FakeEndpoints, queue: str, dead_letters: str
) -> None:
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing
    client("sqs").delete_queue(QueueUrl=dead_letters)

    assert len(handler(attempt(received(queue), RECEIVES), context)["batchItemFailures"]) == 1


def test_a_message_that_is_no_event_tells_so_among_the_dead_letters(
    context: Any, queue: str, dead_letters: str
) -> None:
    batch = stack.event("predict.bad_message")

    assert handler(attempt(batch, RECEIVES), context) == NONE_FAILED

    (letter,) = client("sqs").receive_message(QueueUrl=dead_letters, MessageAttributeNames=["All"])[
        "Messages"
    ]
    assert "JSONDecodeError" in letter["MessageAttributes"]["reason"]["StringValue"]


def test_a_reason_is_what_a_message_can_hold() -> None:
    error = ValueError("a\x00b\ud800" + "c" * 5000)
    error.__cause__ = KeyError("why")
    error.add_note("and so on")

    told = deliveries.reason(error)

    assert told.startswith("ValueError: a?b?cc")
    assert len(told) == 1000
    short = RuntimeError("short")
    short.__cause__ = KeyError("why")
    short.add_note("and so on")
    assert deliveries.reason(short) == "RuntimeError: short; KeyError: 'why'; and so on"
