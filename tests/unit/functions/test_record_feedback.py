from __future__ import annotations

import base64
import io
import json
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from functions.predict.app import handler as predict
from functions.record_feedback.app import handler
from sonoflow.aws.clients import client
from tests.unit import pictures, stack, ultrasound
from tests.unit.fake_endpoints import SEGMENTER, FakeEndpoints, segmentation
from tests.unit.metrics import metrics_of

PATH = "ward3/scan (1).png"
REPLY = f"feedback/{PATH}.json"


def scan(seed: int = 1) -> bytes:
    return pictures.encode(Image.fromarray(ultrasound.scan(seed, pictures.WIDTH, pictures.HEIGHT)))


def mask(*box: int, size: tuple[int, int] = (pictures.WIDTH, pictures.HEIGHT)) -> str:
    image = Image.new("L", size)
    if box:
        image.paste(255, box)
    return base64.b64encode(pictures.encode(image)).decode()


def bomb() -> str:
    """A PNG of a few bytes whose header promises 900 megapixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        )

    header = struct.pack(">2L5B", 30_000, 30_000, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunks).decode()


BOMB = bomb()


def said(document: Any, event: str = "record_feedback.verdict") -> Any:
    """The event of a verdict that was dropped."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return stack.upload(stack.event(event), body)


@pytest.fixture
def answered(endpoints: FakeEndpoints, context: Any) -> Callable[..., None]:
    """Makes an image of the inbox answered."""

    def answer(data: bytes | None = None, sequencer: str = "") -> None:
        batch = stack.upload_messages(stack.event("predict.image"), data or scan())
        if sequencer:
            body = json.loads(batch["Records"][0]["body"])
            body["detail"]["object"]["sequencer"] = sequencer
            batch["Records"][0]["body"] = json.dumps(body)
        assert predict(batch, context) == {"batchItemFailures": []}

    answer()
    return answer


def reply(root: Path) -> Any:
    document = stack.read_json(stack.RESULTS, REPLY)
    schema = json.loads((root / "docs/schemas/feedback_reply.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def test_a_verdict_is_accepted_and_kept_as_it_would_be_staged(
    answered: Any, context: Any, root: Path
) -> None:
    event = said({"label": "malignant", "mask": mask(20, 12, 40, 30)})

    assert handler(event, context)["status"] == "accepted"

    found = reply(root)
    assert (found["label"], found["predicted"]) == ("malignant", "benign")
    assert found["image"]["key"] == f"inbox/{PATH}"
    assert found["verdict"]["version_id"] == event["detail"]["object"]["version-id"]
    kept = Image.open(io.BytesIO(stack.read(stack.WORK, found["kept"]["image"])))
    assert (
        kept.tobytes()
        == Image.fromarray(ultrasound.scan(1, pictures.WIDTH, pictures.HEIGHT)).tobytes()
    )
    lesion = Image.open(io.BytesIO(stack.read(stack.WORK, found["kept"]["mask"])))
    assert lesion.getbbox() == (20, 12, 40, 30)


def test_the_answers_own_mask_can_be_confirmed(answered: Any, context: Any, root: Path) -> None:
    handler(said({"label": "benign", "mask": "as-predicted"}), context)

    lesion = stack.read(stack.WORK, reply(root)["kept"]["mask"])
    assert Image.open(io.BytesIO(lesion)).getbbox() == (10, 10, 30, 20)


def test_an_answers_mask_that_is_lesion_all_over_is_no_riddle(
    endpoints: FakeEndpoints, context: Any, root: Path
) -> None:
    whole = (0, 0, pictures.WIDTH, pictures.HEIGHT)
    endpoints.answers[SEGMENTER] = lambda body: segmentation(body, whole)
    batch = stack.upload_messages(stack.event("predict.image"), scan())
    assert predict(batch, context) == {"batchItemFailures": []}

    handler(said({"label": "malignant", "mask": "as-predicted"}), context)

    lesion = stack.read(stack.WORK, reply(root)["kept"]["mask"])
    assert Image.open(io.BytesIO(lesion)).getbbox() == whole


def test_a_mask_need_not_be_given(answered: Any, context: Any, root: Path) -> None:
    assert handler(said({"label": "malignant"}), context)["status"] == "accepted"
    assert reply(root)["kept"]["mask"] is None


@pytest.mark.parametrize(
    ("document", "reason", "detail"),
    [
        (b"not json", "verdict-invalid", "no JSON"),
        (["benign"], "verdict-invalid", "object is expected"),
        ({"label": "benign", "labels": 1}, "verdict-invalid", "unknown key 'labels'"),
        ({"label": ""}, "verdict-invalid", "'label' must be a class"),
        ({}, "verdict-invalid", "'label' must be a class"),
        ({"withdraw": True, "label": "benign"}, "verdict-invalid", "stands without"),
        ({"withdraw": False}, "verdict-invalid", "'withdraw' is true"),
        ({"label": "benign", "mask": "???"}, "verdict-invalid", "Base64"),
        ({"label": "benign", "mask": 7}, "verdict-invalid", "Base64"),
        ({"label": "benign", "version_id": 3}, "verdict-invalid", "'version_id'"),
        ({"label": "cyst"}, "unknown-label", "'cyst' is none .* benign, malignant, normal"),
        ({"label": "benign", "version_id": "x"}, "another-version", "names another"),
        ({"label": "benign", "mask": "aGVsbG8="}, "mask-invalid", "no PNG"),
        ({"label": "benign", "mask": BOMB}, "mask-invalid", "30000 × 30000 pixels|exceeds limit"),
        ({"label": "benign", "mask": mask(size=(8, 8))}, "mask-invalid", "8 × 8 pixels"),
        ({"label": "normal", "mask": mask(1, 1, 9, 9)}, "lesion-in-normal", "says normal"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(
    answered: Any, context: Any, root: Path, document: Any, reason: str, detail: str
) -> None:
    assert handler(said(document), context)["status"] == "refused"

    found = reply(root)
    assert found["reason"] == reason
    assert re.search(detail, found["detail"]), found["detail"]
    assert not [key for key in stack.keys_of(stack.WORK) if key.startswith("feedback/masks")]


@pytest.mark.parametrize("mode", ["RGB", "grey levels", "inverted"])
def test_a_mask_of_more_than_two_values_or_without_black_is_not_guessed_at(
    answered: Any, context: Any, root: Path, mode: str
) -> None:
    image = Image.new("RGB" if mode == "RGB" else "L", (pictures.WIDTH, pictures.HEIGHT), 0)
    if mode == "grey levels":
        image.paste(100, (5, 5, 20, 20))
        image.paste(255, (5, 5, 10, 10))
    if mode == "inverted":
        image = Image.new("L", image.size, 255)
    given = base64.b64encode(pictures.encode(image)).decode()

    handler(said({"label": "benign", "mask": given}), context)

    assert reply(root)["reason"] == "mask-invalid"


def test_what_was_never_answered_cannot_be_judged(aws: None, context: Any, root: Path) -> None:
    assert handler(said({"label": "benign"}), context)["status"] == "refused"
    assert reply(root)["reason"] == "no-prediction"


def test_an_image_that_is_gone_cannot_be_learnt_from(
    answered: Any, context: Any, root: Path
) -> None:
    version = stack.read_json(stack.RESULTS, f"predictions/{PATH}.json")["image"]["version_id"]
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=f"inbox/{PATH}", VersionId=version)

    handler(said({"label": "benign"}), context)

    assert reply(root)["reason"] == "image-gone"


def test_a_mask_of_another_version_is_never_taken_for_the_judged_ones(
    answered: Any, context: Any, root: Path
) -> None:
    """As it lies there between the two writes of a newer version's answer."""
    s3, key = client("s3"), f"masks/{PATH}.png"
    found = s3.get_object(Bucket=stack.RESULTS, Key=key)
    newer = {**found["Metadata"], "sonoflow-version-id": "another"}
    s3.put_object(Bucket=stack.RESULTS, Key=key, Body=found["Body"].read(), Metadata=newer)

    handler(said({"label": "benign", "mask": "as-predicted"}), context)

    assert reply(root)["reason"] == "another-version"


def test_a_verdict_is_withdrawn(answered: Any, context: Any, root: Path) -> None:
    handler(said({"label": "malignant"}), context)
    later = said({"withdraw": True})
    later["detail"]["object"]["sequencer"] = "00692A3A0C5D2E8B66"

    assert handler(later, context)["status"] == "withdrawn"
    assert "kept" not in reply(root)


def test_the_newest_verdict_stays_in_whichever_order_they_come(
    answered: Any, context: Any, root: Path
) -> None:
    first, second = said({"label": "benign"}), said({"label": "malignant"})
    second["detail"]["object"]["sequencer"] = "00692A3A0C5D2E8B66"

    assert handler(second, context)["status"] == "accepted"
    assert handler(first, context)["status"] == "skipped"
    assert handler(second, context)["status"] == "skipped"

    assert reply(root)["label"] == "malignant"


def test_what_is_no_verdict_is_refused_and_never_stands_for_one(
    answered: Any, context: Any
) -> None:
    handler(said({"label": "benign"}), context)
    event = said(b"\x89PNG", "record_feedback.bad_extension")

    assert handler(event, context)["status"] == "refused"

    replies = [key for key in stack.keys_of(stack.RESULTS) if key.startswith("feedback/")]
    assert len(replies) == 2
    (other,) = (stack.read_json(stack.RESULTS, key) for key in replies if key != REPLY)
    assert other["reason"] == "unsupported-extension"


def test_logs_and_metrics_name_no_path(
    answered: Any, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    handler(said({"label": "benign"}), context)

    printed = capsys.readouterr().out
    assert metrics_of(printed)["FeedbackAccepted"] == 1.0
    assert "ward3" not in printed
