"""Events of one inbox table that come twice, late or in another order."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sonoflow.aws.clients import client
from tests.unit import stack, tables
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.tables import KEY, REJECTED, ROWS, SCORES, score, upload


@pytest.fixture(autouse=True)
def endpoint(endpoints: FakeEndpoints) -> Iterator[FakeEndpoints]:
    with tables.served(endpoints):
        yield endpoints


@pytest.mark.parametrize("data", [ROWS, b"", ROWS + b"bad\n"], ids=["good", "rejected", "partly"])
def test_a_version_is_answered_once_and_older_ones_not_after_it(
    endpoint: FakeEndpoints, data: bytes
) -> None:
    older = upload(ROWS, "0055AED6DCD90281E4")
    item = upload(data)
    newer = upload(ROWS, "0055AED6DCD90281E51")

    assert score(item) is not None
    asked = len(endpoint.requests)

    assert score(item) is None
    assert score(older) is None
    assert len(endpoint.requests) == asked
    assert score(newer) is not None


def test_a_rejection_whose_scores_never_came_settles_nothing() -> None:
    """The function may be killed between the two."""
    item = upload(ROWS + b"bad\n")
    score(item)
    client("s3").delete_object(Bucket=stack.RESULTS, Key=SCORES)

    assert score(item) is not None


def test_an_image_rejection_under_the_same_name_does_not_disturb() -> None:
    """What tables were given before they could be scored."""
    item = upload(ROWS)
    old = {"image": item.facts(), "reason": "unsupported-extension", "sequencer": item.sequencer}
    stack.write(stack.RESULTS, REJECTED, json.dumps(old))

    assert score(item) is not None
    assert stack.answers() == [SCORES]


def test_a_good_version_takes_back_what_was_said_of_the_one_before() -> None:
    score(upload(ROWS + b"bad\n", "0055AED6DCD90281E4"))
    item = upload(ROWS)
    score(item)

    assert stack.answers() == [SCORES]
    metadata = client("s3").head_object(Bucket=stack.RESULTS, Key=SCORES)["Metadata"]
    assert metadata["sonoflow-version-id"] == item.version_id


@pytest.mark.parametrize("data", [ROWS, ROWS + b"bad\n", b"bad\n"])
def test_a_version_that_is_overtaken_during_the_work_leaves_the_newer_answer(data: bytes) -> None:
    older = upload(data)
    newer = upload(b"n1,B,1,1\n", "0055AED6DCD90281E51")
    assert score(newer) is not None

    assert score(older) is None
    assert b"\nn1," in stack.read(stack.RESULTS, SCORES)
    assert stack.answers() == [SCORES]


def test_an_object_that_is_gone_is_no_work(endpoint: FakeEndpoints) -> None:
    item = upload(ROWS)
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=KEY, VersionId=item.version_id)
    endpoint.described.clear()

    assert score(item) is None
    assert stack.keys_of(stack.RESULTS) == []


def test_it_is_the_version_of_the_event_that_is_scored() -> None:
    item = upload(ROWS)
    upload(b"later,B,1,1\n")

    score(item)

    text = stack.read(stack.RESULTS, SCORES)
    assert text.count(b"\n") == 4
    assert b"later" not in text
    metadata = client("s3").head_object(Bucket=stack.RESULTS, Key=SCORES)["Metadata"]
    assert metadata["sonoflow-version-id"] == item.version_id
    assert metadata["sonoflow-sequencer"] == item.sequencer
