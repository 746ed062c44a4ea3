"""What is told of answers, in which order, and by whom where a function was killed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from functions.predict.app import handler
from sonoflow.aws.clients import client
from sonoflow.inference import index
from tests.unit import inbox_answers as inbox
from tests.unit import stack, tables
from tests.unit.deliveries import Delivery
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.inbox_answers import AUTO, GARBAGE, GOOD, NONE_FAILED, OTHER, Starter, work

SLOWLY = ("rejection", "good", "partly", "rejected")
HOOK = "provide-client-params.events.PutEvents"


@pytest.fixture
def events(aws: None) -> Iterator[list[dict[str, Any]]]:
    """What EventBridge is sent; each about a document that is there by then."""
    sent: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        for entry in params["Entries"]:
            detail = json.loads(entry["Detail"])
            place = {"Bucket": detail["bucket"], "Key": detail["key"]}
            client("s3").head_object(**place, VersionId=detail["version_id"])
            sent.append({**entry, "Detail": detail})

    client("events").meta.events.register(HOOK, note)
    yield sent
    client("events").meta.events.unregister(HOOK, note)


def validate(root: Path, detail: dict[str, Any]) -> None:
    schema = json.loads((root / "docs/schemas/event.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(detail)


@pytest.mark.parametrize(("data", "action"), [(GOOD, "review"), (AUTO, "auto")])
def test_a_prediction_is_told_as_the_schema_says(
    context: Any,
    endpoints: FakeEndpoints,
    events: list[dict[str, Any]],
    root: Path,
    data: bytes,
    action: str,
) -> None:
    batch = inbox.image(data, 1)

    assert handler(batch, context) == NONE_FAILED

    (event,) = events
    assert (event["Source"], event["DetailType"]) == ("sonoflow", "Prediction Written")
    assert "EventBusName" not in event
    detail = event["Detail"]
    validate(root, detail)
    document = stack.read_json(stack.RESULTS, inbox.PREDICTION)
    assert (detail["bucket"], detail["key"]) == (stack.RESULTS, inbox.PREDICTION)
    assert detail["upload"]["version_id"] == inbox.version(batch)
    assert detail["label"] == document["classification"]["label"]
    assert detail["decision"] == {"action": action, "reasons": document["decision"]["reasons"]}
    assert detail["models"]["segmenter"] == {
        "version": "cd0007f2cf09-5e3a91c0",
        "dataset_version": "cd0007f2cf09",
    }
    (line,) = stack.index()
    assert line["id"] == detail["id"]


@pytest.mark.parametrize(
    ("kind", "kinds", "rows", "bad"),
    [("good", "Prediction", 2, 0), ("partly", "Prediction", 1, 1), ("rejected", "Rejection", 0, 0)],
)
def test_scores_and_rejections_are_told_with_their_rows(
    context: Any,
    endpoints: FakeEndpoints,
    events: list[dict[str, Any]],
    root: Path,
    kind: str,
    kinds: str,
    rows: int,
    bad: int,
) -> None:
    with tables.served(endpoints):
        assert handler(inbox.table(inbox.TABLES[kind], 1), context) == NONE_FAILED

    (event,) = events
    assert event["DetailType"] == f"{kinds} Written"
    validate(root, event["Detail"])
    assert (event["Detail"]["rows"], event["Detail"]["bad_rows"]) == (rows, bad)
    models = event["Detail"]["models"]
    assert models == (
        {} if kind == "rejected" else {"table": {"version": tables.VERSION, "dataset_version": SET}}
    )


SET = tables.VERSION.partition("-")[0] if re.match("[0-9a-f]{12}-", tables.VERSION) else None


@pytest.mark.parametrize(
    "kind",
    ["image", *(pytest.param(kind, marks=pytest.mark.slow) for kind in SLOWLY)],
)
def test_a_function_that_is_killed_anywhere_has_told_or_tells_when_the_message_comes_again(
    context: Any, start: Starter, events: list[dict[str, Any]], kind: str
) -> None:
    """With one id, and twice at most: where it was killed between event and line."""

    def batch(number: int) -> dict[str, Any]:
        if kind in inbox.KINDS:
            return inbox.image(inbox.KINDS[kind], number)
        return inbox.table(inbox.TABLES[kind], number)

    steps = inbox.requests_of(start, batch(1), context)
    twice = []
    for number in range(steps + 1):
        events.clear()
        message = batch(number + 2)
        victim = start(work(message, context))
        victim.steps(number)
        victim.kill()

        for _ in range(2):
            assert start(work(message, context)).finish() == NONE_FAILED

        assert len({event["Detail"]["id"] for event in events}) == 1
        assert events[0]["Detail"]["rows"] == events[-1]["Detail"]["rows"]
        twice += [number] * (len(events) - 1)
        assert len(stack.index()) == 1
        inbox.forget()

    assert twice == [steps - 1]


def test_an_answer_that_a_newer_version_has_replaced_is_told_of_by_nobody(
    context: Any, start: Starter, events: list[dict[str, Any]]
) -> None:
    older, newer = inbox.image(GOOD, 1), inbox.image(OTHER, 2)
    steps = inbox.requests_of(start, inbox.image(GOOD, 0), context)
    events.clear()
    victim = start(work(older, context))
    victim.steps(steps - inbox.TELLING["image"])
    victim.kill()

    for message in (newer, older):
        assert start(work(message, context)).finish() == NONE_FAILED

    versions = [event["Detail"]["upload"]["version_id"] for event in events]
    assert versions == [inbox.version(newer)]


# The last requests of a delivery: it reads what it found, looks for a line, and writes it; before
# that `events` looks for the document.
READING = 4


@pytest.mark.parametrize("kind", ["image", "good"])
def test_an_answer_that_is_replaced_while_it_is_looked_at_is_not_told(
    context: Any, start: Starter, events: list[dict[str, Any]], kind: str
) -> None:
    """It was seen, and another is read: what is told would be neither."""

    def batch(number: int) -> dict[str, Any]:
        if kind == "good":
            return inbox.table(inbox.TABLES[kind].replace(b"a1", b"n%d" % number), number)
        return inbox.image((GOOD, OTHER)[number % 2], number)

    steps = inbox.requests_of(start, batch(0), context) - inbox.TELLING[kind]

    def again(number: int) -> Delivery:
        """The second delivery of what was answered and not told."""
        message = batch(number)
        first = start(work(message, context))
        first.steps(steps)
        first.kill()
        return start(work(message, context))

    undisturbed = again(1)
    undisturbed.finish()
    inbox.forget()
    events.clear()
    delivery = again(2)
    delivery.steps(undisturbed.requests - READING)
    assert start(work(batch(3), context)).finish() == NONE_FAILED

    assert delivery.finish() == NONE_FAILED

    assert [event["Detail"]["upload"]["sequencer"] for event in events] == [f"{3:018X}"]


def test_an_event_that_is_not_taken_brings_the_message_back_and_no_line_says_otherwise(
    context: Any, endpoints: FakeEndpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = inbox.image(GOOD, 1)
    refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    with monkeypatch.context() as patch:
        patch.setattr(client("events"), "put_events", lambda **_: refused)
        assert len(handler(batch, context)["batchItemFailures"]) == 1

    assert stack.index() == []
    assert inbox.PREDICTION in stack.answers()
    assert handler(batch, context) == NONE_FAILED
    assert len(stack.index()) == 1


def test_an_answer_of_the_first_schema_can_be_told_too(
    context: Any, endpoints: FakeEndpoints
) -> None:
    """Its message may come again after an update of the stack."""
    batch = inbox.image(GOOD, 1)
    handler(batch, context)
    head = client("s3").head_object(Bucket=stack.RESULTS, Key=inbox.PREDICTION)
    document = stack.read_json(stack.RESULTS, inbox.PREDICTION)
    for model in document["models"].values():
        del model["dataset_version"]
    for key in stack.keys_of(stack.RESULTS):
        if key.startswith(("index/", "review/")):
            client("s3").delete_object(Bucket=stack.RESULTS, Key=key)
    metadata = {name: text for name, text in head["Metadata"].items() if "beside" not in name}
    client("s3").put_object(
        Bucket=stack.RESULTS,
        Key=inbox.PREDICTION,
        Body=json.dumps(document),
        Metadata=metadata,
    )

    assert handler(batch, context) == NONE_FAILED

    (line,) = stack.index()
    assert line["dataset_versions"] == {"classifier": None, "segmenter": None}


def test_all_lines_have_the_same_columns(context: Any, endpoints: FakeEndpoints) -> None:
    with tables.served(endpoints):
        for batch in (
            inbox.image(GOOD, 1),
            inbox.image(GARBAGE, 2),
            inbox.table(inbox.TABLES["partly"], 1),
            inbox.table(inbox.TABLES["rejected"], 2),
        ):
            handler(batch, context)

    lines = stack.index()
    assert sorted(line["answer"] for line in lines) == [
        index.PREDICTION,
        index.REJECTION,
        index.REJECTION,
        index.SCORES,
    ]
    assert len({tuple(line) for line in lines}) == 1
