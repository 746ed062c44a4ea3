"""Events of one inbox key that meet: every order of their requests to S3, one turn at a time.

What must hold in the end, however they took turns: the newest version's answer, whole and alone.
"""

from __future__ import annotations

import itertools
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
    NEWER_KINDS,
    NONE_FAILED,
    OTHER,
    PICTURES,
    PREDICTION,
    REVIEW,
    TELLING,
    Starter,
    assert_answered,
    assert_rejected,
    forget,
    image,
    requests_of,
    shown,
    work,
)


@pytest.mark.parametrize(
    ("older_kind", "newer_kind"), [*itertools.product(KINDS, KINDS), ("image", "auto")]
)
@pytest.mark.parametrize("first", ["older", "newer"])
def test_the_newest_version_is_answered_wherever_one_delivery_breaks_into_the_other(
    context: Any, start: Starter, older_kind: str, newer_kind: str, first: str
) -> None:
    older, newer = image(KINDS[older_kind], 1), image(NEWER_KINDS[newer_kind] + b"\n", 2)
    one, other = (older, newer) if first == "older" else (newer, older)

    for steps in range(requests_of(start, one, context) + 1):
        interrupted = start(work(one, context))
        interrupted.steps(steps)
        assert start(work(other, context)).finish() == NONE_FAILED
        assert interrupted.finish() == NONE_FAILED

        (assert_rejected if newer_kind == "rejection" else assert_answered)(newer)
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
        if REVIEW in found and set(PICTURES) <= set(found):
            case = stack.read_json(stack.RESULTS, REVIEW)
            assert {shown(key) for key in PICTURES} == {case["image"]["version_id"]}

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

        (assert_rejected if newer_kind == "rejection" else assert_answered)(newer)
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

    for number in range(steps + 1):
        batch = image(KINDS[kind], number + 2)
        delivery = start(work(batch, context))
        delivery.steps(number)
        client("s3").delete_object(Bucket=stack.UPLOADS, Key=KEY)
        assert delivery.finish() == NONE_FAILED

        if number < steps - TELLING[kind]:
            assert stack.keys_of(stack.RESULTS) == []
        else:
            (assert_answered if kind == "image" else assert_rejected)(batch)
        forget()


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
