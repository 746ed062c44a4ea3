from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from functions.answer_members.app import handler
from sonoflow.aws.clients import client
from sonoflow.errors import PayloadInvalid
from tests.unit import fake_endpoints, pictures, stack
from tests.unit.fake_endpoints import CLASSIFIER, FakeEndpoints
from tests.unit.functions.test_predict import validator
from tests.unit.metrics import metrics_of

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")
PATH = "ward 3/week (48).zip"


def batch() -> Any:
    """The event, made true: its zip is there, and its member lies where the event says."""
    data = pictures.archive({"monday/scan.png": pictures.png(1), "rows.csv": b"a1,B,40,1\n"})
    event = stack.state_upload(stack.event("answer_members.batch"), data)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        info = opened.getinfo("monday/scan.png")
    numbers = [info.compress_size, info.file_size, info.CRC, info.compress_type]
    length = 30 + len(info.filename) + info.compress_size
    event["batch"]["items"][0]["place"] = [info.header_offset, length, *numbers]
    return event


def test_a_batch_is_answered_and_its_part_says_how(
    context: Any, endpoints: FakeEndpoints, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = batch()

    answer = handler(event, context)

    assert answer == {
        "batch": 0,
        "left": 0,
        "failed": 0,
        "waiting": False,
        "overtaken": False,
    }
    prediction = stack.read_json(stack.RESULTS, f"predictions/{PATH}/monday/scan.png.json")
    validator(root, "prediction").validate(prediction)
    validator(root, "review").validate(
        stack.read_json(stack.RESULTS, f"review/{PATH}/monday/scan.png.json")
    )
    rejection = stack.read_json(stack.RESULTS, f"rejected/{PATH}/rows.csv.json")
    validator(root, "rejection").validate(rejection)
    assert rejection["reason"] == "table-in-archive"
    [part] = stack.keys_of(stack.WORK)
    assert part.startswith("bulk/") and part.endswith("/parts/00000.json")
    assert len(stack.read_json(stack.WORK, part)["rows"]) == 2
    told = capsys.readouterr().out
    assert metrics_of(told) == {"Predictions": 1, "Rejections": 1, "Skipped": 0}
    assert "scan.png" not in told


def test_an_object_that_a_manifest_names_is_answered(
    context: Any, endpoints: FakeEndpoints
) -> None:
    stack.write(stack.UPLOADS, "inbox/ward3/scan (1).png", pictures.png())
    event = stack.state_upload(stack.event("answer_members.manifest"), b"the manifest")

    assert handler(event, context)["left"] == 0
    assert "predictions/ward3/scan (1).png.json" in stack.answers()


def test_a_failure_is_counted_and_the_image_is_left_for_another_time(
    context: Any, endpoints: FakeEndpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing

    answer = handler(batch(), context)

    assert (answer["left"], answer["failed"]) == (1, 1)
    assert metrics_of(capsys.readouterr().out)["PredictionFailures"] == 1


def test_waiting_for_a_model_is_no_failure(
    context: Any, endpoints: FakeEndpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoints.answers[CLASSIFIER] = fake_endpoints.missing

    answer = handler(batch(), context)

    assert (answer["waiting"], answer["failed"]) == (True, 0)
    assert metrics_of(capsys.readouterr().out)["WaitingForModel"] == 1


def test_what_becomes_of_it_is_told_by_an_event_of_the_published_shape(
    context: Any, endpoints: FakeEndpoints, root: Path
) -> None:
    told: list[Any] = []

    def note(params: Any, **_: Any) -> None:
        told.extend(json.loads(params["body"])["Entries"])

    client("events").meta.events.register("before-call.events.PutEvents", note)
    event = batch()
    for _ in range(2):
        handler(event, context)
    client("events").meta.events.unregister("before-call.events.PutEvents", note)

    assert [entry["DetailType"] for entry in told] == ["Prediction Written", "Rejection Written"]
    for entry in told:
        detail = json.loads(entry["Detail"])
        validator(root, "event").validate(detail)
        assert detail["upload"]["archive"] == f"inbox/{PATH}"


def test_a_batch_that_was_not_planned_is_an_error(context: Any, endpoints: FakeEndpoints) -> None:
    with pytest.raises(PayloadInvalid):
        handler(stack.event("answer_members.bad_batch"), context)
