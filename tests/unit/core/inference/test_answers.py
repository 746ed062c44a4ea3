"""An inbox answer whose writes fail, are lost on the way, or meet others'."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from functions.predict.app import handler
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.inference import answers
from sonoflow.inference.answers import Answer, Overtaken
from tests.unit import pictures, stack, tables
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.s3_failures import failing, refused

DOCUMENT, PART = "predictions/a.png.json", "masks/a.png.png"
NONE_FAILED: dict[str, list[Any]] = {"batchItemFailures": []}


def upload(sequencer: str = "0055AED6DCD90281E5") -> Upload:
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key="inbox/a.png", Body=b"x")
    return Upload(stack.UPLOADS, "inbox/a.png", answer["VersionId"], 1, sequencer)


def answer_to(item: Upload) -> Answer:
    return Answer(item, stack.RESULTS, (DOCUMENT,), (PART,))


def written(item: Upload) -> None:
    with answer_to(item) as answer:
        answer.write(PART, item.sequencer.encode(), "image/png")
        answer.write_json(DOCUMENT, {"sequencer": item.sequencer}, completes=True)


TIMEOUT = ReadTimeoutError(endpoint_url="https://s3")


@pytest.mark.parametrize("after", [False, True], ids=["not written", "written all the same"])
@pytest.mark.parametrize("error", [refused("InternalError"), refused("AccessDenied"), TIMEOUT])
@pytest.mark.parametrize("kind", ["masks", "overlays", "review", "predictions"])
def test_an_answer_that_cannot_be_written_leaves_nothing_and_is_written_when_it_comes_again(
    context: Any, endpoints: FakeEndpoints, kind: str, error: Exception, after: bool
) -> None:
    path = "ward3/scan (1).png"
    key = f"{kind}/{path}.{'json' if kind in ('review', 'predictions') else 'png'}"
    batch = stack.upload_messages(stack.event("predict.image"), pictures.png())

    with failing("put_object", key, error, after=after):
        assert len(handler(batch, context)["batchItemFailures"]) == 1

    assert stack.keys_of(stack.RESULTS) == []
    assert handler(batch, context) == NONE_FAILED
    assert len(stack.answers()) == 4


def test_scores_that_cannot_be_written_leave_no_rejection(
    context: Any, endpoints: FakeEndpoints
) -> None:
    batch = stack.upload_messages(stack.event("predict.table"), b"a1,B,40,1\nbad\n")
    scores = "scores/ward3/rows (1).csv.csv"

    with tables.served(endpoints):
        with failing("put_object", scores, refused("InternalError")):
            assert len(handler(batch, context)["batchItemFailures"]) == 1
        assert stack.keys_of(stack.RESULTS) == []
        assert handler(batch, context) == NONE_FAILED
    assert len(stack.answers()) == 2


def test_a_write_that_is_repeated_because_its_answer_was_lost_is_no_conflict(aws: None) -> None:
    """The client sends it again by itself, and meets the object that it has made."""
    item = upload()
    with failing("put_object", PART, refused("PreconditionFailed"), after=True):
        written(item)

    assert stack.answers() == [PART, DOCUMENT]


def test_a_conflict_that_does_not_end_is_an_error(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_PAUSE_SECONDS", 0)
    item = upload()

    with (
        failing("put_object", PART, refused("ConditionalRequestConflict")),
        pytest.raises(ClientError, match="ConditionalRequestConflict"),
    ):
        written(item)
    assert stack.keys_of(stack.RESULTS) == []


def test_what_was_written_before_there_were_stamps_is_replaced(aws: None) -> None:
    for key in (DOCUMENT, PART):
        stack.write(stack.RESULTS, key, "old")

    written(upload())

    assert stack.read_json(stack.RESULTS, DOCUMENT)["sequencer"]


def test_a_version_of_no_bucket_with_versions_is_answered_once_too(aws: None) -> None:
    """By its sequencer."""
    item = upload()
    plain = Upload(item.bucket, item.key, None, item.size, item.sequencer)
    written(plain)

    with pytest.raises(Overtaken, match="this version is answered"):
        written(plain)


def test_an_answer_that_cannot_be_taken_back_says_so(aws: None) -> None:
    item = upload()

    with (
        failing("put_object", DOCUMENT, refused("InternalError")),
        failing("delete_object", PART, refused("AccessDenied")),
        pytest.raises(ClientError, match="InternalError") as raised,
    ):
        written(item)

    assert "'masks/a.png.png' may be left behind" in raised.value.__notes__[0]


def test_an_answer_without_its_case_for_review_is_not_whole(
    context: Any, endpoints: FakeEndpoints
) -> None:
    """As a killed delivery of the same version may leave it."""
    batch = stack.upload_messages(stack.event("predict.image"), pictures.png())
    review = "review/ward3/scan (1).png.json"
    handler(batch, context)
    client("s3").delete_object(Bucket=stack.RESULTS, Key=review)

    assert handler(batch, context) == NONE_FAILED

    assert review in stack.answers()
    assert len(stack.index()) == 2  # it is another document, and told of


def test_a_part_of_an_earlier_attempt_beside_a_whole_answer_is_replaced(aws: None) -> None:
    """Two deliveries of one version, one of which was killed in between."""
    item = upload()
    written(item)
    stamp = {"sonoflow-sequencer": item.sequencer, "sonoflow-version-id": item.version_id}
    client("s3").put_object(
        Bucket=stack.RESULTS, Key=PART, Body=b"?", Metadata={**stamp, "sonoflow-attempt": "0"}
    )

    written(item)

    assert stack.read(stack.RESULTS, PART) == item.sequencer.encode()


@pytest.mark.parametrize(
    ("sequencer", "later"),
    [("0055AED6DCD90281E5", "0055AED6DCD90281E6"), ("0055AED6DCD90281E5", "0055AED6DCD90281E51")],
)
def test_versions_are_ordered_by_sequencer_whatever_the_time_of_the_attempts(
    aws: None, sequencer: str, later: str
) -> None:
    older, newer = upload(sequencer), upload(later)
    written(newer)

    with pytest.raises(Overtaken, match="a later version is answered"):
        written(older)
    assert stack.read(stack.RESULTS, PART) == later.encode()
