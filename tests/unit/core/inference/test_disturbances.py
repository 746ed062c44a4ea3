"""Inbox answers when two things go wrong: killed and deleted, overtaken and refused."""

from __future__ import annotations

import random
from typing import Any

import pytest

from functions.predict.app import handler
from sonoflow.aws.clients import client
from tests.unit import stack
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.inbox_answers import (
    GARBAGE,
    GOOD,
    KEY,
    KINDS,
    NONE_FAILED,
    OTHER,
    PICTURES,
    PREDICTION,
    REJECTION,
    SCORES,
    TABLES,
    TELLING,
    Starter,
    assert_answered,
    forget,
    image,
    requests_of,
    table,
    work,
)
from tests.unit.s3_failures import failing, refused

TABLE_KEY = "inbox/ward3/rows (1).csv"


def of_kind(kind: str, sequencer: int) -> tuple[str, dict[str, Any]]:
    """The key, and a delivery about a new version of it."""
    if kind in KINDS:
        return KEY, image(KINDS[kind], sequencer)
    return TABLE_KEY, table(TABLES[kind], sequencer)


@pytest.mark.parametrize("order", ["killed first", "deleted first"])
@pytest.mark.parametrize("kind", [*KINDS, *TABLES])
def test_what_a_killed_delivery_left_of_a_deleted_key_goes_when_it_comes_again(
    context: Any, start: Starter, kind: str, order: str
) -> None:
    """It had no time to look again; by then its answer may have been complete, and told."""
    for number in range(requests_of(start, of_kind(kind, 1)[1], context)):
        key, batch = of_kind(kind, number + 2)
        delivery = start(work(batch, context))
        delivery.steps(number)
        if order == "killed first":
            delivery.kill()
        client("s3").delete_object(Bucket=stack.UPLOADS, Key=key)
        delivery.step()
        delivery.kill()

        assert start(work(batch, context)).finish() == NONE_FAILED
        assert stack.answers() == []


def test_an_older_versions_answer_goes_with_the_newer_one_that_was_deleted(
    context: Any, endpoints: FakeEndpoints
) -> None:
    older, newer = image(GOOD, 1), image(OTHER, 2)
    handler(older, context)
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=KEY)

    assert handler(newer, context) == NONE_FAILED

    assert stack.answers() == []


def test_a_message_comes_again_when_what_was_overtaken_cannot_be_taken_back(
    context: Any, start: Starter
) -> None:
    older, newer = image(GOOD, 1), image(GARBAGE, 2)
    failed = 0

    for steps in range(requests_of(start, older, context)):
        delivery = start(work(older, context))
        delivery.steps(steps)
        assert start(work(newer, context)).finish() == NONE_FAILED
        with failing("delete_object", PREDICTION, refused("SlowDown")):
            failed += delivery.finish() != NONE_FAILED

        assert handler(older, context) == NONE_FAILED
        assert stack.answers() == [REJECTION]
        forget()

    assert failed


def test_a_message_comes_again_when_the_answer_to_a_deleted_image_cannot_be_taken_back(
    context: Any, start: Starter
) -> None:
    steps = requests_of(start, image(GOOD, 1), context) - TELLING["image"]
    batch = image(GOOD, 2)
    delivery = start(work(batch, context))
    delivery.steps(steps - 1)
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=KEY)

    with failing("delete_object", PREDICTION, refused("SlowDown")):
        assert delivery.finish() != NONE_FAILED

    assert handler(batch, context) == NONE_FAILED
    assert stack.keys_of(stack.RESULTS) == []


def test_scores_whose_write_was_answered_wrongly_are_not_written_again(
    context: Any, start: Starter
) -> None:
    """A second time without condition would go over a newer version's."""
    writes: list[str] = []
    hook = "provide-client-params.s3.PutObject"

    def note(params: dict[str, Any], **_: Any) -> None:
        writes.append(params["Key"])

    client("s3").meta.events.register(hook, note)
    try:
        with failing("put_object", SCORES, refused("PreconditionFailed"), after=True):
            assert handler(table(TABLES["good"], 1), context) == NONE_FAILED
    finally:
        client("s3").meta.events.unregister(hook, note)

    assert writes.count(SCORES) == 1
    assert stack.answers() == [SCORES]


@pytest.mark.slow
def test_of_two_attempts_at_once_one_fails_and_one_is_killed_and_the_answer_is_whole(
    context: Any, start: Starter
) -> None:
    batch = image(GOOD, 1)
    requests = range(requests_of(start, batch, context) + 1)
    ways = [(former, latter) for former in requests for latter in requests if former <= latter]

    for former, latter in random.Random(0).sample(ways, 50):  # noqa: S311
        one = start(work(batch, context))
        one.steps(former)
        with failing("put_object", PREDICTION, refused("SlowDown")):
            start(work(batch, context)).finish()
        one.steps(latter - former)
        one.kill()

        assert start(work(batch, context)).finish() == NONE_FAILED
        assert_answered(batch)
        forget()


def test_an_answer_whose_mask_was_removed_is_made_again(
    context: Any, endpoints: FakeEndpoints
) -> None:
    batch = image(GOOD, 1)
    handler(batch, context)
    client("s3").delete_object(Bucket=stack.RESULTS, Key=PICTURES[0])

    assert handler(batch, context) == NONE_FAILED

    assert_answered(batch)
