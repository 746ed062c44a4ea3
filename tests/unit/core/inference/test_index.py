from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws.uploads import Upload
from sonoflow.inference import index
from sonoflow.inference.stamps import Stamp
from tests.unit import stack
from tests.unit.s3_failures import failing, refused

UPLOAD = Upload("uploads", "inbox/Müller, Anna/a.png", "v1", 80, "0055AED6DCD90281E5")
STAMP = Stamp(UPLOAD.sequencer, "v1", "0001-aa")


def entry(**said: Any) -> dict[str, Any]:
    written = {"written": "2026-12-01T23:59:59+00:00"}
    return index.about(UPLOAD, STAMP, index.PREDICTION, "predictions/a.json") | written | said


def test_an_entry_has_a_folder_a_day_and_a_key_that_names_nobody() -> None:
    key = index.key_of(entry())

    assert key == f"index/dt=2026-12-01/{entry()['id']}.jsonl"
    assert "ller" not in key
    assert entry()["path"] == "Müller, Anna/a.png"


def test_every_answer_has_an_id_of_its_own_and_each_telling_the_same() -> None:
    others = [
        (dataclasses.replace(UPLOAD, key="inbox/b.png"), STAMP),
        (UPLOAD, dataclasses.replace(STAMP, version_id="v2")),
        (UPLOAD, dataclasses.replace(STAMP, attempt="0002-aa")),
    ]

    ids = {index.entry_id(*pair) for pair in [(UPLOAD, STAMP), (UPLOAD, STAMP), *others]}

    assert len(ids) == 4


def test_what_is_added_is_one_line_and_known(aws: None) -> None:
    given = entry(reasons=["low-confidence"])
    assert not index.is_known(stack.RESULTS, given)

    index.add(stack.RESULTS, given)

    assert index.is_known(stack.RESULTS, given)
    text = stack.read(stack.RESULTS, index.key_of(given)).decode()
    assert text.count("\n") == 1
    assert json.loads(text) == given


def test_what_is_there_already_stays(aws: None) -> None:
    index.add(stack.RESULTS, entry(label="benign"))
    index.add(stack.RESULTS, entry(label="normal"))

    (line,) = stack.index()
    assert line["label"] == "benign"


def test_any_other_failure_brings_the_message_back(aws: None) -> None:
    key = index.key_of(entry())
    with (
        failing("put_object", key, refused("ConditionalRequestConflict")),
        pytest.raises(ClientError, match="ConditionalRequestConflict"),
    ):
        index.add(stack.RESULTS, entry())
