from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image

from sonoflow.errors import FeedbackRejected
from sonoflow.feedback import verdicts
from sonoflow.feedback.verdicts import Verdict
from tests.unit import pictures


def read(document: Any) -> Verdict:
    body = json.dumps(document).encode()
    return verdicts.read({"Body": io.BytesIO(body), "ContentLength": len(body)})


MASK = base64.b64encode(b"png").decode()


@pytest.mark.parametrize(
    ("document", "verdict"),
    [
        ({"label": " benign "}, Verdict("benign")),
        ({"label": "benign", "mask": MASK}, Verdict("benign", b"png")),
        ({"label": "benign", "mask": "as-predicted"}, Verdict("benign", None, True)),
        ({"label": "benign", "version_id": "v"}, Verdict("benign", version_id="v")),
        ({"withdraw": True}, Verdict(None)),
    ],
)
def test_what_may_be_said_is_what_the_schema_allows(
    root: Path, document: Any, verdict: Verdict
) -> None:
    schema = json.loads((root / "docs/schemas/feedback.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert read(document) == verdict


@pytest.mark.parametrize(
    "document", [{}, {"label": 1}, {"withdraw": False}, {"label": "a", "withdraw": True}, {"x": 1}]
)
def test_nothing_else_may_be_said(root: Path, document: Any) -> None:
    schema = json.loads((root / "docs/schemas/feedback.schema.json").read_text("utf-8"))
    assert not jsonschema.Draft202012Validator(schema).is_valid(document)
    with pytest.raises(FeedbackRejected, match="verdict-invalid"):
        read(document)


def test_a_verdict_that_is_too_large_is_not_read() -> None:
    class Unread:
        def __enter__(self) -> Unread:
            return self

        def __exit__(self, *_: object) -> None: ...

        def read(self) -> bytes:
            raise AssertionError("read")

    with pytest.raises(FeedbackRejected, match="the limit is"):
        verdicts.read({"Body": Unread(), "ContentLength": verdicts.BYTES_LIMIT + 1})


@pytest.mark.parametrize("value", [1, 128, 255])
@pytest.mark.parametrize("mode", ["L", "1", "I;16"])
def test_a_mask_holds_black_and_any_other_value(mode: str, value: int) -> None:
    shape = np.zeros((20, 30), np.uint16)
    shape[3:9, 4:20] = value
    image = Image.fromarray(shape if mode == "I;16" else shape.astype(np.uint8))
    png = pictures.encode(image.point(lambda v: 255 * (v > 0), "1") if mode == "1" else image)

    found = verdicts.lesion(png, (30, 20))

    assert np.array_equal(found, shape > 0)


def test_a_mask_may_show_nothing() -> None:
    assert not verdicts.lesion(pictures.encode(Image.new("L", (9, 9))), (9, 9)).any()
