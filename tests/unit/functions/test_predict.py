from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
from PIL import Image

from functions.predict.app import handler, logger
from sonoflow.aws.clients import client
from tests.unit import fake_endpoints, pictures, stack, tables, ultrasound
from tests.unit.core.images import mask_sets, test_oddities
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, TABLE, FakeEndpoints
from tests.unit.metrics import metrics_of

PATH = "ward3/scan (1).png"
PREDICTION = f"predictions/{PATH}.json"
FAILED = {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"}]}
NONE_FAILED: dict[str, list[Any]] = {"batchItemFailures": []}


def message(data: bytes, sequencer: str | None = None) -> Any:
    """The batch of one message about a new version of inbox/ward3/scan (1).png."""
    batch = stack.upload_messages(stack.event("predict.image"), data)
    if sequencer:
        body = json.loads(batch["Records"][0]["body"])
        body["detail"]["object"]["sequencer"] = sequencer
        batch["Records"][0]["body"] = json.dumps(body)
    return batch


def validator(root: Path, name: str) -> jsonschema.Draft202012Validator:
    """Of a published schema, with those that it refers to."""
    found = {
        path.name: referencing.Resource.from_contents(json.loads(path.read_text("utf-8")))
        for path in (root / "docs/schemas").glob("*.json")
    }
    registry = referencing.Registry().with_resources(list(found.items()))
    schema = found[f"{name}.schema.json"].contents
    return jsonschema.Draft202012Validator(
        schema, registry=registry, format_checker=jsonschema.FormatChecker()
    )


def version(batch: Any) -> str:
    return str(json.loads(batch["Records"][0]["body"])["detail"]["object"]["version-id"])


def test_an_image_comes_back_as_prediction_mask_and_overlay(
    context: Any, endpoints: FakeEndpoints, root: Path
) -> None:
    scan = Image.fromarray(ultrasound.scan(1, pictures.WIDTH, pictures.HEIGHT))
    batch = message(pictures.encode(scan))

    answer = handler(batch, context)

    assert answer == NONE_FAILED
    assert stack.answers() == [
        f"masks/{PATH}.png",
        f"overlays/{PATH}.png",
        PREDICTION,
    ]
    prediction = stack.read_json(stack.RESULTS, PREDICTION)
    validator(root, "prediction").validate(prediction)
    assert prediction["image"]["version_id"] == version(batch)
    assert prediction["classification"]["label"] == "benign"
    assert prediction["segmentation"]["bounding_box"] == [10, 10, 30, 20]
    assert prediction["segmentation"]["lesion_pixels"] == 200
    assert prediction["decision"] == {
        "action": "auto",
        "reasons": [],
        "explanations": [],
        "review_below": 0.7,
        "review_below_from": "parameter",
    }
    assert "flags" not in prediction["image"]


@pytest.mark.parametrize(
    ("data", "flags"),
    [
        (pictures.png(), ["unlike-ultrasound"]),
        (mask_sets.deep(12)(ultrasound.scan(1)), ["depth-12-of-16"]),
        (mask_sets.deep(8)(ultrasound.scan(1)), ["depth-8-of-16"]),
        (pictures.encode(test_oddities.flow(90)), ["colour"]),
        (mask_sets.ink(marked=False)(ultrasound.scan(1)), ["cmyk-without-marker"]),
        (mask_sets.dimmed(60)(ultrasound.scan(1)), ["transparent"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_picture_of_which_something_was_assumed_or_that_is_unusual_is_flagged_and_reviewed(
    context: Any, endpoints: FakeEndpoints, root: Path, data: bytes, flags: list[str]
) -> None:
    assert handler(message(data), context) == NONE_FAILED

    prediction = stack.read_json(stack.RESULTS, PREDICTION)
    validator(root, "prediction").validate(prediction)
    assert prediction["image"]["flags"] == flags
    assert prediction["decision"]["action"] == "review"
    assert prediction["decision"]["reasons"] == ["unusual-picture"]
    (explanation,) = prediction["decision"]["explanations"]
    assert explanation["code"] == "unusual-picture"
    case = stack.read_json(stack.RESULTS, f"review/{PATH}.json")
    validator(root, "review").validate(case)
    assert case["explanations"] == [explanation]
    assert case["prediction_key"] == PREDICTION


def test_images_of_one_batch_are_handled_each(context: Any, endpoints: FakeEndpoints) -> None:
    batch = stack.upload_messages(
        stack.event("predict.two_images"),
        pictures.encode(pictures.scan(1), "JPEG"),
        pictures.encode(pictures.scan(2), "TIFF"),
    )

    assert handler(batch, context) == NONE_FAILED

    keys = [key for key in stack.keys_of(stack.RESULTS) if key.startswith("predictions/")]
    assert keys == ["predictions/scan.tif.json", "predictions/ward3/scan (2).jpg.json"]
    assert [kind for _, kind, _ in endpoints.requests] == ["image/png"] * 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Dear colleague, see below.", "not-an-image"),
        (b"", "empty"),
        (pictures.png()[:3000], "truncated"),
    ],
)
def test_what_is_no_image_is_rejected_with_a_reason_and_the_message_consumed(
    context: Any, endpoints: FakeEndpoints, root: Path, data: bytes, reason: str
) -> None:
    batch = stack.upload_messages(stack.event("predict.bad_not_an_image"), data)

    assert handler(batch, context) == NONE_FAILED

    assert stack.answers() == ["rejected/letter.png.json"]
    rejection = stack.read_json(stack.RESULTS, "rejected/letter.png.json")
    assert rejection["reason"] == reason
    assert rejection["detail"]
    validator(root, "rejection").validate(rejection)
    assert rejection["image"] == {
        "bucket": stack.UPLOADS,
        "key": "inbox/letter.png",
        "version_id": version(batch),
        "size": len(data),
    }
    assert endpoints.requests == []


def test_a_message_that_is_no_event_fails_alone_so_that_it_ends_with_the_dead_letters(
    context: Any, endpoints: FakeEndpoints
) -> None:
    batch = message(pictures.png())
    batch["Records"] += stack.event("predict.bad_message")["Records"]

    answer = handler(batch, context)

    failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    assert failed == ["9a8b7c6d-5e4f-4321-8123-4567890abcde"]
    assert PREDICTION in stack.keys_of(stack.RESULTS)


@pytest.mark.parametrize("answer", [fake_endpoints.missing, fake_endpoints.failing])
@pytest.mark.parametrize("endpoint", [CLASSIFIER, SEGMENTER])
def test_an_endpoint_that_is_missing_or_fails_leaves_the_message_to_be_retried(
    context: Any, endpoints: FakeEndpoints, endpoint: str, answer: Any
) -> None:
    endpoints.answers[endpoint] = answer

    assert handler(message(pictures.png()), context) == FAILED
    assert stack.keys_of(stack.RESULTS) == []


def test_a_message_that_comes_again_after_the_endpoint_recovered_is_answered(
    context: Any, endpoints: FakeEndpoints
) -> None:
    working = endpoints.answers[SEGMENTER]
    endpoints.answers[SEGMENTER] = fake_endpoints.failing
    batch = message(pictures.png())
    handler(batch, context)
    endpoints.answers[SEGMENTER] = working

    assert handler(batch, context) == NONE_FAILED
    assert PREDICTION in stack.keys_of(stack.RESULTS)


@pytest.mark.parametrize("data", [pictures.png(), b"no image"])
def test_the_same_version_delivered_twice_is_answered_once(
    context: Any, endpoints: FakeEndpoints, data: bytes
) -> None:
    batch = message(data)
    handler(batch, context)
    asked = len(endpoints.requests)
    versions = client("s3").list_object_versions(Bucket=stack.RESULTS)["Versions"]

    assert handler(batch, context) == NONE_FAILED

    assert len(endpoints.requests) == asked
    again = client("s3").list_object_versions(Bucket=stack.RESULTS)["Versions"]
    assert len(again) == len(versions)


def test_an_older_version_that_arrives_late_does_not_replace_the_newer_answer(
    context: Any, endpoints: FakeEndpoints
) -> None:
    older = message(pictures.png(1), sequencer="0055AED6DCD90281E5")
    newer = message(pictures.png(2), sequencer="0055AED6DCD90281E6")

    handler(newer, context)
    handler(older, context)

    prediction = stack.read_json(stack.RESULTS, PREDICTION)
    assert prediction["image"]["version_id"] == version(newer)


def test_a_newer_version_replaces_the_answer(context: Any, endpoints: FakeEndpoints) -> None:
    older = message(pictures.png(1), sequencer="0055AED6DCD90281E5")
    newer = message(pictures.png(2), sequencer="0055AED6DCD90281E51")

    handler(older, context)
    handler(newer, context)

    prediction = stack.read_json(stack.RESULTS, PREDICTION)
    assert prediction["image"]["version_id"] == version(newer)


def test_an_object_that_is_gone_is_skipped(context: Any, endpoints: FakeEndpoints) -> None:
    batch = message(pictures.png())
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=f"inbox/{PATH}", VersionId=version(batch))

    assert handler(batch, context) == NONE_FAILED
    assert stack.keys_of(stack.RESULTS) == []


def test_the_log_does_not_hold_the_name_of_the_file(
    context: Any, endpoints: FakeEndpoints, caplog: pytest.LogCaptureFixture
) -> None:
    handler(message(pictures.png()), context)

    (record,) = caplog.records
    assert record.message == "object handled"
    assert "scan (1)" not in str(vars(record))
    assert logger.get_correlation_id() == "a1b2c3d4-e5f6-4708-91a2-b3c4d5e6f708"


TABLE_PATH = "ward3/rows (1).csv"
SCORES = f"scores/{TABLE_PATH}.csv"
ROWS = b"a1,B,40,1\na2,M,ninety,2\na3,M,50,3\n"


@pytest.fixture
def table_endpoint(endpoints: FakeEndpoints) -> Iterator[FakeEndpoints]:
    with tables.served(endpoints):
        yield endpoints


def test_a_table_comes_back_as_scores_and_its_bad_rows_as_a_rejection(
    context: Any, table_endpoint: FakeEndpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = stack.upload_messages(stack.event("predict.table"), ROWS)

    assert handler(batch, context) == NONE_FAILED

    assert stack.answers() == [f"rejected/{TABLE_PATH}.json", SCORES]
    assert stack.read(stack.RESULTS, SCORES).decode().splitlines() == [
        "id,score,label,model_version,flags",
        f"a1,0.4,B,{tables.VERSION},",
        f"a3,0.5,M,{tables.VERSION},",
    ]
    rejection = stack.read_json(stack.RESULTS, f"rejected/{TABLE_PATH}.json")
    assert (rejection["rows"], rejection["reasons"]) == (2, {"not-a-number": 1})
    assert rejection["table"]["version_id"] == version(batch)
    expected = {"Predictions": 1.0, "RowsScored": 2.0, "RowsRejected": 1.0}
    assert metrics_of(capsys.readouterr().out) == expected


def test_what_is_no_table_is_rejected_and_the_message_consumed(
    context: Any, table_endpoint: FakeEndpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = b"Dear colleague,\nsee the next.\n"
    batch = stack.upload_messages(stack.event("predict.bad_table"), letter)

    assert handler(batch, context) == NONE_FAILED

    assert stack.answers() == ["rejected/letter.csv.json"]
    rejection = stack.read_json(stack.RESULTS, "rejected/letter.csv.json")
    assert rejection["reason"] == "columns-unknown"
    assert metrics_of(capsys.readouterr().out) == {"Rejections": 1.0}


@pytest.mark.parametrize("answer", [fake_endpoints.missing, fake_endpoints.failing])
def test_a_table_whose_endpoint_fails_is_tried_again_and_then_answered_once(
    context: Any, table_endpoint: FakeEndpoints, answer: Any
) -> None:
    batch = stack.upload_messages(stack.event("predict.table"), ROWS)
    table_endpoint.answers[TABLE] = answer
    (failed,) = handler(batch, context)["batchItemFailures"]
    assert failed["itemIdentifier"] == "5d1c8e70-2b94-4f3a-9d06-b7e1f2a3c485"
    assert stack.keys_of(stack.RESULTS) == []

    table_endpoint.answers[TABLE] = fake_endpoints.linear_scores
    assert handler(batch, context) == NONE_FAILED
    asked = len(table_endpoint.requests)
    assert handler(batch, context) == NONE_FAILED

    assert len(table_endpoint.requests) == asked
    versions = client("s3").list_object_versions(Bucket=stack.RESULTS, Prefix="scores/")
    assert len(versions["Versions"]) == 1


def test_before_there_is_a_model_tables_wait(context: Any, endpoints: FakeEndpoints) -> None:
    batch = stack.upload_messages(stack.event("predict.table"), ROWS)

    with endpoints.describing(client("sagemaker")):
        assert len(handler(batch, context)["batchItemFailures"]) == 1
    assert stack.keys_of(stack.RESULTS) == []
