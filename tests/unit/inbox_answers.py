"""Events of one inbox key that meet, and what must be there in the end."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable
from typing import Any

from PIL import Image

from functions.predict.app import handler
from sonoflow.aws.clients import client
from sonoflow.inference import image_inbox
from tests.unit import pictures, stack, ultrasound
from tests.unit.deliveries import Delivery

PATH = "ward3/scan (1).png"
KEY = f"inbox/{PATH}"
PREDICTION, REJECTION = f"predictions/{PATH}.json", f"rejected/{PATH}.json"
PICTURES = (f"masks/{PATH}.png", f"overlays/{PATH}.png")
REVIEW = f"review/{PATH}.json"
GOOD, OTHER, GARBAGE = pictures.png(1), pictures.png(2), b"no image"  # both for review
AUTO = pictures.encode(Image.fromarray(ultrasound.scan(1, pictures.WIDTH, pictures.HEIGHT)))
NONE_FAILED: dict[str, list[Any]] = {"batchItemFailures": []}
Starter = Callable[[Callable[[], Any]], Delivery]
KINDS = {"image": GOOD, "rejection": GARBAGE}
NEWER_KINDS = {**KINDS, "auto": AUTO}
SCORES, REJECTED = "scores/ward3/rows (1).csv.csv", "rejected/ward3/rows (1).csv.json"
TABLES = {
    "good": b"a1,B,40,1\na2,M,90,2\n",
    "partly": b"a1,B,41,1\na2,M,ninety,2\n",
    "rejected": b"bad\n",
}

# Requests to S3 by which a delivery, at its end, tells of an answer that stands.
TELLING = {"image": 4, "rejection": 5, "good": 4, "partly": 4, "rejected": 5}


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
    return str(picture.info[image_inbox.PICTURE_CHUNK]).split()[0]


def assert_answered(batch: dict[str, Any]) -> None:
    """By document, mask and overlay of that version, and a case for review if it is one, and
    nothing else; and that is told."""
    document = stack.read_json(stack.RESULTS, PREDICTION)
    cases = [REVIEW] if document["decision"]["action"] == "review" else []
    assert stack.answers() == [*PICTURES, PREDICTION, *cases]
    assert document["image"]["version_id"] == version(batch)
    assert_told(batch, PREDICTION)
    for case in cases:
        assert stack.read_json(stack.RESULTS, case)["image"]["version_id"] == version(batch)
    assert [shown(key) for key in PICTURES] == [version(batch)] * 2
    attempts = {
        client("s3").head_object(Bucket=stack.RESULTS, Key=key)["Metadata"]["sonoflow-attempt"]
        for key in (*PICTURES, PREDICTION, *cases)
    }
    assert len(attempts) == 1


def assert_told(batch: dict[str, Any], key: str) -> None:
    """Of the document that stands."""
    now = client("s3").head_object(Bucket=stack.RESULTS, Key=key)["VersionId"]
    told = [line for line in stack.index() if line["document_version_id"] == now]
    assert [line["version_id"] for line in told] == [version(batch)]


def assert_rejected(batch: dict[str, Any]) -> None:
    assert stack.answers() == [REJECTION]
    assert_told(batch, REJECTION)
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


def assert_scored(batch: dict[str, Any], kind: str) -> None:
    expected = {"good": [SCORES], "partly": [REJECTED, SCORES], "rejected": [REJECTED]}[kind]
    assert stack.answers() == expected
    assert_told(batch, expected[-1])
    for key in expected:
        metadata = client("s3").head_object(Bucket=stack.RESULTS, Key=key)["Metadata"]
        assert metadata["sonoflow-version-id"] == version(batch)
