"""What an object of DICOM is answered with in DICOM, and that it goes with its answer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from PIL import Image

from functions.predict.app import handler
from sonoflow import keys
from sonoflow.aws.clients import client
from sonoflow.images import png
from tests.unit import fake_endpoints, inbox_answers, stack
from tests.unit.core.dicom import samples
from tests.unit.core.dicom_results.validity import complaints
from tests.unit.core.inference.test_dicom_examinations import (
    LOOP,
    handled,
    malignant_in,
    prediction,
)
from tests.unit.deliveries import Delivery
from tests.unit.fake_endpoints import SEGMENTER, FakeEndpoints
from tests.unit.inbox_answers import NONE_FAILED, Starter

PATH = "ward3/scan (1).dcm"
RESULTS = {kind: f"dicom/{PATH}.{kind}.dcm" for kind in ("seg", "sc", "sr")}
WITH = {"dicom_results": "deidentified"}
NOWHERE = (0, 0, 0, 0)


def results() -> list[str]:
    return [key for key in stack.answers() if key.startswith("dicom/")]


@pytest.fixture
def writing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DICOM_RESULTS", "deidentified")


@pytest.mark.parametrize("path", [PATH, "loop", "1.2.840.113619.2.55", "X.DICOM"])
def test_a_lesion_is_answered_in_dicom_too(
    endpoints: FakeEndpoints, root: Path, tmp_path: Path, path: str
) -> None:
    malignant_in(endpoints, 3)

    handled(f"inbox/{path}", samples.file(LOOP), **WITH)

    found = prediction(root, path)
    assert found["dicom"]["results"] == {
        "segmentation": f"dicom/{path}.seg.dcm",
        "capture": f"dicom/{path}.sc.dcm",
        "report": f"dicom/{path}.sr.dcm",
    }
    assert results() == sorted(found["dicom"]["results"].values())
    for key in results():
        answer = client("s3").get_object(Bucket=stack.RESULTS, Key=key)
        assert answer["ContentType"] == "application/dicom"
        assert answer["Metadata"]["sonoflow-version-id"] == found["image"]["version_id"]
        assert answer["Metadata"]["sonoflow-model-segmenter"]
        assert complaints(answer["Body"].read(), tmp_path) == []


def test_they_say_what_the_answer_says(endpoints: FakeEndpoints, root: Path) -> None:
    malignant_in(endpoints, 3)
    item = samples.region((5, 4, 80, 50), (0.2, 0.1))

    handled(f"inbox/{PATH}", samples.file(LOOP, SequenceOfUltrasoundRegions=[item]), **WITH)

    told = prediction(root, PATH)
    mask = np.asarray(Image.open(io.BytesIO(stack.read(stack.RESULTS, f"masks/{PATH}.png"))))
    overlay = np.asarray(Image.open(io.BytesIO(stack.read(stack.RESULTS, f"overlays/{PATH}.png"))))
    segmentation = highdicom.seg.segread(io.BytesIO(stack.read(stack.RESULTS, RESULTS["seg"])))
    assert (segmentation.pixel_array.astype(bool) == (mask > 0)).all()
    frames = segmentation.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
    assert frames.SourceImageSequence[0].ReferencedFrameNumber == 4 == told["dicom"]["frame"]
    capture = pydicom.dcmread(io.BytesIO(stack.read(stack.RESULTS, RESULTS["sc"])))
    assert (capture.pixel_array[: len(overlay)] == overlay).all()
    report = highdicom.sr.srread(io.BytesIO(stack.read(stack.RESULTS, RESULTS["sr"])))
    (group,) = report.content.get_planar_roi_measurement_groups()
    values = [one.value for one in group.get_measurements()]
    sizes = ("area_mm2", "longest_axis_mm", "perpendicular_mm")
    assert values == [*(told["measurements"][name] for name in sizes), 80.0]


@pytest.mark.parametrize(
    ("path", "data", "given"),
    [
        (PATH, samples.file(LOOP), {}),
        (PATH, samples.file(LOOP), {"dicom_results": "none"}),
        ("scan.png", png.encode(LOOP[0]), WITH),
        (PATH, samples.file(LOOP, Modality="MG"), WITH),
    ],
)
def test_nothing_else_is(
    endpoints: FakeEndpoints, path: str, data: bytes, given: dict[str, str]
) -> None:
    handled(f"inbox/{path}", data, **given)

    assert len(stack.answers()) in (1, 3)
    assert results() == []


def test_without_a_lesion_there_is_nothing_to_outline(endpoints: FakeEndpoints, root: Path) -> None:
    endpoints.answers[SEGMENTER] = lambda body: fake_endpoints.segmentation(body, NOWHERE)

    handled(f"inbox/{PATH}", samples.file(LOOP), **WITH)

    assert results() == []
    assert "results" not in prediction(root, PATH)["dicom"]


@pytest.mark.parametrize("known", [True, False])
def test_a_picture_in_which_names_may_be_left_is_not_captured(
    endpoints: FakeEndpoints, root: Path, known: bool
) -> None:
    """Where regions are known, what lies outside of them is black."""
    item = samples.region((0, 4, 80, 50), (0.2, 0.1))
    tags: dict[str, Any] = {"SequenceOfUltrasoundRegions": [item]} if known else {}

    handled(f"inbox/{PATH}", samples.file(LOOP, BurnedInAnnotation=None, **tags), **WITH)

    assert ("capture" in prediction(root, PATH)["dicom"]["results"]) == known
    assert (RESULTS["sc"] in results()) == known


def test_a_path_of_any_length_has_keys(endpoints: FakeEndpoints) -> None:
    path = f"{'ä' * 500}.dcm"

    handled(f"inbox/{path}", samples.file(LOOP), **WITH)

    found = keys.dicom_results(path)
    assert sorted(found.values()) == results()
    assert set(found.values()) <= set(keys.inbox_answers(path))
    assert all(len(key.encode()) <= 1024 for key in found.values())


def test_an_unknown_word_is_refused_at_the_start() -> None:
    from sonoflow import settings
    from sonoflow.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="DICOM_RESULTS is 'yes': must be none or deid"):
        settings.read(settings.Predicting, {**stack.ENVIRONMENT, "DICOM_RESULTS": "yes"})


# ── Together with the rest of their answer ───────────────────────────────────────────────────────
KINDS = {
    "lesion": samples.file(LOOP[:1]),
    "other": samples.file(LOOP[1:2]),
    "none": samples.file(LOOP[2:3]),
    "rejected": samples.file(LOOP[3:4], Modality="MG"),
}


def message(kind: str, sequencer: int) -> dict[str, Any]:
    batch: dict[str, Any] = stack.event("predict.image")
    text = batch["Records"][0]["body"].replace("scan (1).png", "scan (1).dcm")
    batch["Records"][0]["body"] = text
    stack.upload_messages(batch, KINDS[kind])
    body = json.loads(batch["Records"][0]["body"])
    body["detail"]["object"]["sequencer"] = f"{sequencer:018X}"
    batch["Records"][0]["body"] = json.dumps(body)
    return batch


@pytest.fixture
def seen(endpoints: FakeEndpoints, writing: None) -> FakeEndpoints:
    """Models that see no lesion in one picture."""
    plain, blank = endpoints.answers[SEGMENTER], png.encode(LOOP[2])
    endpoints.answers[SEGMENTER] = lambda body: (
        fake_endpoints.segmentation(body, NOWHERE) if body == blank else plain(body)
    )
    return endpoints


def work(batch: dict[str, Any], context: Any) -> Callable[[], Any]:
    return lambda: handler(batch, context)


def assert_alone(batch: dict[str, Any], kind: str) -> None:
    """The answer of that version is there, whole, and nothing else."""
    version = inbox_answers.version(batch)
    found = stack.answers()
    if kind == "rejected":
        assert found == [f"rejected/{PATH}.json"]
    else:
        document = stack.read_json(stack.RESULTS, f"predictions/{PATH}.json")
        told = document["dicom"].get("results", {})
        assert bool(told) == (kind != "none")
        assert results() == sorted(told.values())
        assert set(found) - {f"review/{PATH}.json"} == {
            *(f"masks/{PATH}.png", f"overlays/{PATH}.png", f"predictions/{PATH}.json"),
            *told.values(),
        }
    stamps = [client("s3").head_object(Bucket=stack.RESULTS, Key=key)["Metadata"] for key in found]
    assert {stamp["sonoflow-version-id"] for stamp in stamps} == {version}
    assert len({stamp["sonoflow-attempt"] for stamp in stamps}) == 1


EACH = [pytest.param(6), pytest.param(1, marks=pytest.mark.slow)]  # of which requests to break at


@pytest.mark.parametrize("newer", ["other", "none", "rejected"])
@pytest.mark.parametrize("first", ["older", "newer"])
@pytest.mark.parametrize("each", EACH)
def test_the_newest_version_is_answered_wherever_one_delivery_breaks_into_the_other(
    context: Any, seen: FakeEndpoints, start: Starter, first: str, newer: str, each: int
) -> None:
    older, later = message("lesion", 1), message(newer, 2)
    one, other = (older, later) if first == "older" else (later, older)

    for steps in range(each // 2, _requests(start, one, context) + 1, each):
        interrupted = start(work(one, context))
        interrupted.steps(steps)
        assert start(work(other, context)).finish() == NONE_FAILED
        assert interrupted.finish() == NONE_FAILED

        assert_alone(later, newer)
        inbox_answers.forget()


@pytest.mark.parametrize("each", EACH)
def test_what_a_killed_delivery_leaves_is_put_right_when_it_comes_again(
    context: Any, seen: FakeEndpoints, start: Starter, each: int
) -> None:
    batch = message("lesion", 1)

    for steps in range(each // 2, _requests(start, batch, context) + 1, each):
        victim: Delivery = start(work(batch, context))
        victim.steps(steps)
        victim.kill()
        assert start(work(batch, context)).finish() == NONE_FAILED

        assert_alone(batch, "lesion")
        inbox_answers.forget()


def test_one_that_is_lost_is_written_again(context: Any, seen: FakeEndpoints) -> None:
    """Unlike one that there never was."""
    batch = message("lesion", 1)
    handler(batch, context)
    client("s3").delete_object(Bucket=stack.RESULTS, Key=RESULTS["sr"])

    handler(batch, context)

    assert_alone(batch, "lesion")


def test_an_answer_of_a_deleted_object_goes_with_them(context: Any, seen: FakeEndpoints) -> None:
    batch = message("lesion", 1)
    handler(batch, context)
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=f"inbox/{PATH}")

    handler(batch, context)

    assert stack.answers() == []


def _requests(start: Starter, batch: dict[str, Any], context: Any) -> int:
    return inbox_answers.requests_of(start, batch, context)
