"""Events of one inbox key that meet: every order of their requests to S3, one turn at a time.

What must hold in the end, however they took turns: the newest version's answer, whole and alone.
"""

from __future__ import annotations

import functools
import io
import itertools
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from functions.predict.app import handler
from sonoflow import inbox
from sonoflow.clients import client
from tests.unit import pictures, stack, tables
from tests.unit.deliveries import Delivery, taking_turns
from tests.unit.fake_endpoints import FakeEndpoints

PATH = "ward3/scan (1).png"
KEY = f"inbox/{PATH}"
PREDICTION, REJECTION = f"predictions/{PATH}.json", f"rejected/{PATH}.json"
PICTURES = (f"masks/{PATH}.png", f"overlays/{PATH}.png")
GOOD, OTHER, GARBAGE = pictures.png(1), pictures.png(2), b"no image"
NONE_FAILED: dict[str, list[Any]] = {"batchItemFailures": []}
Starter = Callable[[Callable[[], Any]], Delivery]


@pytest.fixture
def start(endpoints: FakeEndpoints) -> Iterator[Starter]:
    with tables.served(endpoints), taking_turns() as begin:
        yield begin


def message(name: str, data: bytes, sequencer: int) -> dict[str, Any]:
    """The batch about a new version of the key of an event file."""
    batch = stack.upload_messages(stack.event(name), data)
    body = json.loads(batch["Records"][0]["body"])
    body["detail"]["object"]["sequencer"] = f"{sequencer:018X}"
    batch["Records"][0]["body"] = json.dumps(body)
    return batch


image = functools.partial(message, "predict.image")
table = functools.partial(message, "predict.table")


def work(batch: dict[str, Any], context: Any) -> Callable[[], Any]:
    return lambda: handler(batch, context)


def version(batch: dict[str, Any]) -> str:
    return str(json.loads(batch["Records"][0]["body"])["detail"]["object"]["version-id"])


def shown(key: str) -> str:
    """The version that a picture shows, as its bytes say."""
    picture = Image.open(io.BytesIO(stack.read(stack.RESULTS, key)))
    return str(picture.info[inbox.PICTURE_CHUNK]).split()[0]


def assert_answered(batch: dict[str, Any]) -> None:
    """By document, mask and overlay of that version, and nothing else."""
    assert stack.keys_of(stack.RESULTS) == [*PICTURES, PREDICTION]
    assert stack.read_json(stack.RESULTS, PREDICTION)["image"]["version_id"] == version(batch)
    assert [shown(key) for key in PICTURES] == [version(batch)] * 2
    attempts = {
        client("s3").head_object(Bucket=stack.RESULTS, Key=key)["Metadata"]["sonoflow-attempt"]
        for key in (*PICTURES, PREDICTION)
    }
    assert len(attempts) == 1


def assert_rejected(batch: dict[str, Any]) -> None:
    assert stack.keys_of(stack.RESULTS) == [REJECTION]
    assert stack.read_json(stack.RESULTS, REJECTION)["image"]["version_id"] == version(batch)


def requests_of(start: Starter, batch: dict[str, Any], context: Any) -> int:
    """How many requests to S3 a delivery takes that nobody disturbs."""
    delivery = start(work(batch, context))
    assert delivery.finish() == NONE_FAILED
    forget()
    return delivery.requests


def forget() -> None:
    for key in stack.keys_of(stack.RESULTS):
        client("s3").delete_object(Bucket=stack.RESULTS, Key=key)


KINDS = {"image": GOOD, "rejection": GARBAGE}


@pytest.mark.parametrize("newer_kind", KINDS)
@pytest.mark.parametrize("older_kind", KINDS)
@pytest.mark.parametrize("first", ["older", "newer"])
def test_the_newest_version_is_answered_wherever_one_delivery_breaks_into_the_other(
    context: Any, start: Starter, older_kind: str, newer_kind: str, first: str
) -> None:
    older, newer = image(KINDS[older_kind], 1), image(KINDS[newer_kind] + b"\n", 2)
    one, other = (older, newer) if first == "older" else (newer, older)

    for steps in range(requests_of(start, one, context) + 1):
        interrupted = start(work(one, context))
        interrupted.steps(steps)
        assert start(work(other, context)).finish() == NONE_FAILED
        assert interrupted.finish() == NONE_FAILED

        (assert_answered if newer_kind == "image" else assert_rejected)(newer)
        forget()


@pytest.mark.parametrize("kind", KINDS)
def test_no_document_is_seen_beside_pictures_of_another_version(
    context: Any, start: Starter, kind: str
) -> None:
    """While a newer version takes the place of one that was answered long ago."""
    handler(image(GOOD, 1), context)
    delivery = start(work(image(KINDS[kind] + b"\n", 2), context))
    seen = set()

    while delivery.step():
        found = stack.keys_of(stack.RESULTS)
        seen.add(tuple(found))
        if PREDICTION in found:
            document = stack.read_json(stack.RESULTS, PREDICTION)
            assert {shown(key) for key in PICTURES} == {document["image"]["version_id"]}

    assert len(seen) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("newer_kind", KINDS)
@pytest.mark.parametrize("older_kind", KINDS)
@pytest.mark.parametrize("killed", ["older", "newer"])
def test_what_a_killed_delivery_leaves_is_put_right_when_it_comes_again(
    context: Any, start: Starter, older_kind: str, newer_kind: str, killed: str
) -> None:
    older, newer = image(KINDS[older_kind], 1), image(KINDS[newer_kind] + b"\n", 2)
    one, other = (older, newer) if killed == "older" else (newer, older)
    requests = range(requests_of(start, one, context) + 1)
    ways = [(former, latter) for former in requests for latter in requests if former <= latter]

    for former, latter in random.Random(0).sample(ways, 40):  # noqa: S311
        victim = start(work(one, context))
        victim.steps(former)
        assert start(work(other, context)).finish() == NONE_FAILED
        victim.steps(latter - former)
        victim.kill()
        assert start(work(one, context)).finish() == NONE_FAILED

        (assert_answered if newer_kind == "image" else assert_rejected)(newer)
        forget()


@pytest.mark.slow
@pytest.mark.parametrize("older_kind", KINDS)
def test_the_newest_version_is_answered_wherever_both_break_into_each_other(
    context: Any, start: Starter, older_kind: str
) -> None:
    """The one runs to any of its requests, the other to any of its own, then the one to its end: a
    sample of the ways."""
    older, newer = image(KINDS[older_kind], 1), image(OTHER, 2)
    counts = [requests_of(start, batch, context) for batch in (older, newer)]

    pairs = list(itertools.product(range(counts[0] + 1), range(counts[1] + 1)))
    for former, latter in random.Random(0).sample(pairs, 40):  # noqa: S311
        one, other = start(work(older, context)), start(work(newer, context))
        one.steps(former)
        other.steps(latter)
        assert one.finish() == NONE_FAILED
        assert other.finish() == NONE_FAILED

        assert_answered(newer)
        forget()


@pytest.mark.parametrize("kind", KINDS)
def test_one_version_delivered_twice_at_once_is_answered_by_one_delivery(
    context: Any, start: Starter, kind: str
) -> None:
    batch = image(KINDS[kind], 1)

    for steps in range(requests_of(start, batch, context) + 1):
        interrupted = start(work(batch, context))
        interrupted.steps(steps)
        assert start(work(batch, context)).finish() == NONE_FAILED
        assert interrupted.finish() == NONE_FAILED

        (assert_answered if kind == "image" else assert_rejected)(batch)
        forget()


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_that_is_deleted_meanwhile_leaves_no_answer(
    context: Any, start: Starter, kind: str
) -> None:
    """Or all of it: where it was answered before it was deleted."""
    steps = requests_of(start, image(KINDS[kind], 1), context)
    answered = []

    for number in range(steps + 1):
        batch = image(KINDS[kind], number + 2)
        delivery = start(work(batch, context))
        goes_on = delivery.steps(number)
        client("s3").delete_object(Bucket=stack.UPLOADS, Key=KEY)
        assert delivery.finish() == NONE_FAILED

        if goes_on:
            assert stack.keys_of(stack.RESULTS) == []
        else:
            answered.append(number)
            (assert_answered if kind == "image" else assert_rejected)(batch)
        forget()

    assert answered == [steps]


@pytest.mark.parametrize("data", [GOOD, GARBAGE])
def test_a_deleted_image_is_not_asked_about(
    context: Any, endpoints: FakeEndpoints, data: bytes
) -> None:
    """Its version can still be read, below the delete marker."""
    batch = image(data, 1)
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=KEY)

    assert handler(batch, context) == NONE_FAILED

    assert endpoints.requests == []
    assert stack.keys_of(stack.RESULTS) == []


def test_an_image_that_comes_back_after_it_was_deleted_is_answered(
    context: Any, endpoints: FakeEndpoints
) -> None:
    handler(image(GOOD, 1), context)
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=KEY)
    batch = image(OTHER, 2)

    assert handler(batch, context) == NONE_FAILED

    assert_answered(batch)


SCORES, REJECTED = "scores/ward3/rows (1).csv.csv", "rejected/ward3/rows (1).csv.json"
TABLES = {
    "good": b"a1,B,40,1\na2,M,90,2\n",
    "partly": b"a1,B,41,1\na2,M,ninety,2\n",
    "rejected": b"bad\n",
}


def assert_scored(batch: dict[str, Any], kind: str) -> None:
    expected = {"good": [SCORES], "partly": [REJECTED, SCORES], "rejected": [REJECTED]}[kind]
    assert stack.keys_of(stack.RESULTS) == expected
    for key in expected:
        metadata = client("s3").head_object(Bucket=stack.RESULTS, Key=key)["Metadata"]
        assert metadata["sonoflow-version-id"] == version(batch)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("older_kind", "newer_kind"),
    [("good", "partly"), ("partly", "good"), ("good", "rejected"), ("rejected", "good")],
)
@pytest.mark.parametrize("first", ["older", "newer"])
def test_the_newest_version_of_a_table_is_scored_wherever_one_breaks_into_the_other(
    context: Any, start: Starter, older_kind: str, newer_kind: str, first: str
) -> None:
    older = table(TABLES[older_kind], 1)
    newer = table(TABLES[newer_kind].replace(b"a1", b"n1"), 2)
    one, other = (older, newer) if first == "older" else (newer, older)

    for steps in range(requests_of(start, one, context) + 1):
        interrupted = start(work(one, context))
        interrupted.steps(steps)
        assert start(work(other, context)).finish() == NONE_FAILED
        assert interrupted.finish() == NONE_FAILED

        assert_scored(newer, newer_kind)
        forget()


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_that_is_deleted_meanwhile_leaves_no_scores(
    context: Any, start: Starter, kind: str
) -> None:
    for number in range(requests_of(start, table(TABLES[kind], 1), context)):
        batch = table(TABLES[kind], number + 2)
        delivery = start(work(batch, context))
        delivery.steps(number)
        client("s3").delete_object(Bucket=stack.UPLOADS, Key="inbox/ward3/rows (1).csv")
        assert delivery.finish() == NONE_FAILED

        assert stack.keys_of(stack.RESULTS) == []
