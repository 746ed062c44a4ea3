"""An image of a zip is answered as one that was uploaded by itself, once."""

from __future__ import annotations

import dataclasses
import io
import json
import warnings
from typing import Any

import pytest
from PIL import Image

from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.inference import image_inbox, inbox
from tests.unit import bulk, fake_endpoints, pictures, stack
from tests.unit.bulk import PATH, Run
from tests.unit.conftest import Context
from tests.unit.core.dicom import samples
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, FakeEndpoints

FILES = [
    ("monday/a.png", pictures.png(1)),
    ("monday/b.png", pictures.png(2)),
    ("c.jpg", pictures.encode(pictures.scan(3), "JPEG")),
    ("notes.txt", b"dear colleague"),
    ("broken.png", pictures.png(4)[:300]),
    ("loop.dcm", samples.file(samples.ramp())),
]


@dataclasses.dataclass(frozen=True)
class Hurried(Context):
    """A function that has so many milliseconds left."""

    left: int = 0

    def get_remaining_time_in_millis(self) -> int:
        return self.left


def alone(key: str, data: bytes) -> None:
    """Answers an object of the inbox that came by itself."""
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key=key, Body=data)
    upload = Upload(stack.UPLOADS, key, answer["VersionId"], len(data), "0055AED6DCD90281E5")
    inbox.handle(upload, settings.read(settings.Buckets), settings.read(settings.Predicting))


def without_origin(document: Any, folder: str) -> Any:
    """What is said of an image, and not of where it came from and when."""
    text = json.dumps(document).replace(folder, "FOLDER")
    found = json.loads(text)
    for name in ("time", "timing", "sequencer"):
        found.pop(name, None)
    for name in ("version_id", "archive"):
        found["image"].pop(name, None)
    return found


def test_the_answers_are_those_of_single_uploads(endpoints: FakeEndpoints, context: Any) -> None:
    for name, data in FILES:
        alone(f"inbox/alone/{name}", data)

    Run.of(bulk.put(bulk.archive(FILES)), context).finish()

    singles = [key for key in stack.answers() if "/alone/" in key]
    assert len(singles) > len(FILES)
    for key in singles:
        twin = key.replace("/alone/", f"/{PATH}/")
        if key.endswith(".json"):
            assert without_origin(stack.read_json(stack.RESULTS, twin), PATH) == without_origin(
                stack.read_json(stack.RESULTS, key), "alone"
            )
        else:
            shown = [pictures_of(stack.read(stack.RESULTS, each)) for each in (twin, key)]
            assert shown[0] == shown[1]
    in_bulk = [key for key in stack.answers() if f"/{PATH}/" in key]
    assert len(in_bulk) == len(singles)


def pictures_of(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).tobytes()


def test_an_answer_says_in_which_zip_its_image_is(endpoints: FakeEndpoints, context: Any) -> None:
    upload = bulk.put(bulk.archive(FILES[:1]))

    Run.of(upload, context).finish()

    image = stack.read_json(stack.RESULTS, f"predictions/{PATH}/monday/a.png.json")["image"]
    assert image["key"] == f"{bulk.KEY}/monday/a.png"
    assert (image["archive"], image["version_id"]) == (bulk.KEY, upload.version_id)
    [line] = stack.index()
    assert (line["archive"], line["path"]) == (bulk.KEY, f"{PATH}/monday/a.png")


def test_each_image_is_answered_and_told_of_once_however_often_it_is_asked_for(
    endpoints: FakeEndpoints, context: Any
) -> None:
    run = Run.of(bulk.put(bulk.archive(FILES)), context)
    run.finish()
    answers, asked, told = stack.answers(), len(endpoints.requests), stack.index()

    [batch] = run.batches()
    for key in stack.keys_of(stack.WORK):
        if "/parts/" in key:  # as if the function had been killed before it wrote it
            client("s3").delete_object(Bucket=stack.WORK, Key=key)
    again = run.answer(batch)

    assert (again["left"], again["failed"]) == (0, 0)
    assert (stack.answers(), len(endpoints.requests), stack.index()) == (answers, asked, told)
    assert len(told) == len(FILES)


def test_a_settled_batch_is_not_looked_at_again(endpoints: FakeEndpoints, context: Any) -> None:
    run = Run.of(bulk.put(bulk.archive(FILES)), context)
    [batch] = run.batches()
    run.answer(batch)
    for key in stack.answers():
        client("s3").delete_object(Bucket=stack.RESULTS, Key=key)

    assert run.answer(batch)["left"] == 0
    assert stack.answers() == []


def test_an_image_that_fails_does_not_stop_the_others_and_is_tried_again(
    endpoints: FakeEndpoints, context: Any
) -> None:
    run = Run.of(bulk.put(bulk.archive(FILES[:3])), context)
    [batch] = run.batches()
    usual = endpoints.answers[CLASSIFIER]
    answers = iter([fake_endpoints.failing, usual, usual])
    endpoints.answers[CLASSIFIER] = lambda body: next(answers)(body)

    first = run.answer(batch)

    assert (first["left"], first["failed"], first["waiting"]) == (1, 1, False)
    endpoints.answers[CLASSIFIER] = usual
    asked = len(endpoints.requests)
    assert run.answer(batch)["left"] == 0
    assert len(endpoints.requests) == asked + 2
    assert run.summarise()["counts"]["predicted"] == 3


def test_an_endpoint_that_is_down_is_not_asked_for_every_image(
    endpoints: FakeEndpoints, context: Any
) -> None:
    files = [(f"{number}.png", pictures.png(number)) for number in range(9)]
    run = Run.of(bulk.put(bulk.archive(files)), context)
    [batch] = run.batches()
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing

    done = run.answer(batch)

    assert (done["failed"], done["left"]) == (3, 9)
    counts = run.summarise()["counts"]
    assert (counts["failed"], counts["all"]) == (9, 9)
    details = {row["detail"] for row in bulk.rows()}
    assert any("ModelError" in detail for detail in details)
    assert any("before its turn" in detail for detail in details)


def test_without_a_model_nothing_fails(endpoints: FakeEndpoints, context: Any) -> None:
    run = Run.of(bulk.put(bulk.archive(FILES[:3])), context)
    [batch] = run.batches()
    usual = dict(endpoints.answers)
    for name in (CLASSIFIER, SEGMENTER):
        endpoints.answers[name] = fake_endpoints.missing

    done = run.answer(batch)

    assert (done["waiting"], done["failed"], done["left"]) == (True, 0, 3)
    endpoints.answers.update(usual)
    assert run.answer(batch)["left"] == 0


def test_time_that_is_up_leaves_the_rest_for_the_next_invocation(
    endpoints: FakeEndpoints, context: Any
) -> None:
    run = Run.of(bulk.put(bulk.archive(FILES[:3])), Hurried(left=299_999))
    [batch] = run.batches()

    assert [run.answer(batch)["left"] for _ in range(3)] == [2, 1, 0]


class Killed(BaseException):
    """Lambda's end of a function: nothing in it hears of it."""


def test_what_kills_its_function_thrice_is_left_alone_and_the_others_are_answered(
    endpoints: FakeEndpoints, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.of(bulk.put(bulk.archive(FILES[:3])), context)
    [batch] = run.batches()
    usual = image_inbox.handle

    def deadly(upload: Upload, *rest: Any) -> Any:
        if upload.key.endswith("a.png"):
            raise Killed
        return usual(upload, *rest)

    monkeypatch.setattr(image_inbox, "handle", deadly)
    for _ in range(3):
        with warnings.catch_warnings(), pytest.raises(Killed):
            warnings.simplefilter("ignore")  # Powertools flushes no metrics, which Lambda would not
            run.answer(batch)

    done = run.answer(batch)

    assert (done["left"], done["failed"]) == (0, 0)
    summary = run.summarise()
    assert (summary["counts"]["predicted"], summary["counts"]["failed"]) == (2, 1)
    [lost] = [row for row in bulk.rows() if row["outcome"] == "failed"]
    assert lost["path"].endswith("a.png")
    assert "killed" in lost["detail"]


@pytest.mark.parametrize("deleted", [True, False])
def test_a_zip_that_is_deleted_or_replaced_is_left_where_it_is(
    endpoints: FakeEndpoints, context: Any, deleted: bool
) -> None:
    files = [(f"{number}.png", pictures.png(number)) for number in range(30)]
    run = Run.of(bulk.put(bulk.archive(files)), context)
    first, second = run.batches()
    run.answer(first)
    answered = stack.answers()

    if deleted:
        client("s3").delete_object(Bucket=stack.UPLOADS, Key=bulk.KEY)
    else:
        bulk.put(bulk.archive(FILES[:1]), sequencer="0055AED6DCD90281E6")

    assert run.answer(second)["overtaken"]
    assert run.summarise() == {"counts": None, "key": None}
    assert stack.answers() == answered


def test_a_newer_versions_answers_replace_those_of_the_older(
    endpoints: FakeEndpoints, context: Any
) -> None:
    older = Run.of(bulk.put(bulk.archive(FILES[:2])), context)
    older.finish()
    data = bulk.archive([("monday/a.png", pictures.png(9))])
    newer = bulk.put(data, sequencer="0055AED6DCD90281E6")

    Run.of(newer, context).finish()
    older.finish()

    image = stack.read_json(stack.RESULTS, f"predictions/{PATH}/monday/a.png.json")["image"]
    assert image["version_id"] == newer.version_id
    summary = stack.read_json(stack.RESULTS, f"bulk/{PATH}.json")
    assert summary["upload"]["version_id"] == newer.version_id


def test_what_failed_is_told_without_a_name(
    endpoints: FakeEndpoints, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run.of(bulk.put(bulk.archive([("MILLER^ANNA.png", pictures.png(1))])), context)
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing

    run.finish(1)

    said = [vars(record) for record in caplog.records]
    assert "MILLER" not in str(said)
    assert any(each.get("reason") == "ModelError" for each in said)


def test_a_reason_is_that_of_a_single_delivery(endpoints: FakeEndpoints, context: Any) -> None:
    run = Run.of(bulk.put(bulk.archive(FILES[:1])), context)
    endpoints.answers[CLASSIFIER] = lambda _: fake_endpoints.Answer(b"[]", "application/json")

    run.finish(1)

    [row] = bulk.rows()
    assert row["detail"].startswith("EndpointResponseInvalid: sonoflow-classifier gave no")
    assert len(row["detail"]) <= 1000


def test_what_the_newer_version_holds_no_more_loses_its_answer(
    endpoints: FakeEndpoints, context: Any
) -> None:
    Run.of(bulk.put(bulk.archive(FILES)), context).finish()
    alone(f"{bulk.KEY}/uploaded.png", pictures.png(7))  # into a folder that is called as the zip
    newer = bulk.put(bulk.archive(FILES[:1]), sequencer="0055AED6DCD90281E6")

    summary = Run.of(newer, context).finish()

    assert (summary["counts"]["all"], summary["counts"]["withdrawn"]) == (1, len(FILES) - 1)
    left = {key for key in stack.answers() if not key.startswith("bulk/")}
    for name in ("monday/a.png", "uploaded.png"):
        assert f"predictions/{PATH}/{name}.json" in left
        left -= {key for key in left if f"/{name}." in key}
    assert left == set()


def test_an_answer_of_the_older_version_that_comes_too_late_is_taken_back(
    endpoints: FakeEndpoints, context: Any
) -> None:
    """The newer zip arrives, and is planned, while an image that it lacks is being answered."""
    older = Run.of(bulk.put(bulk.archive(FILES[1:2])), context)
    [batch] = older.batches()
    usual = endpoints.answers[CLASSIFIER]

    def meanwhile(body: bytes) -> Any:
        endpoints.answers[CLASSIFIER] = usual
        newer = bulk.put(bulk.archive(FILES[:1]), sequencer="0055AED6DCD90281E6")
        Run.of(newer, context).finish()
        return usual(body)

    endpoints.answers[CLASSIFIER] = meanwhile

    older.answer(batch)

    assert [key for key in stack.answers() if "b.png" in key] == []
    assert f"predictions/{PATH}/monday/a.png.json" in stack.answers()


def test_a_function_that_a_stopped_execution_left_behind_gives_way(
    endpoints: FakeEndpoints, context: Any
) -> None:
    """While it answers an image the next execution begins: neither is told of twice."""
    upload = bulk.put(bulk.archive(FILES[:3]))
    stopped = Run.of(upload, context)
    [batch] = stopped.batches()
    stopped.end()
    usual = endpoints.answers[CLASSIFIER]

    def meanwhile(body: bytes) -> Any:
        endpoints.answers[CLASSIFIER] = usual
        later = Run.of(upload, Hurried(left=299_999))
        assert later.answer(batch)["left"] == 2
        return usual(body)

    endpoints.answers[CLASSIFIER] = meanwhile

    assert stopped.answer(batch)["overtaken"]

    again = Run(context, stopped.input)
    assert again.answer(batch)["left"] == 0
    told = [line["path"] for line in stack.index()]
    assert len(told) == len(set(told)) == 3
