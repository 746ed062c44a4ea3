from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import inbox_service
from benchmarks.inbox_faults import (
    BUCKETS,
    PREDICTING,
    RESULTS,
    UPLOADS,
    Endpoints,
    inbox_of,
    picture,
    put,
    wrong,
)
from sonoflow.aws.clients import client
from sonoflow.inference import inbox

KEY = "inbox/a.png"


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_under_faults(tmp_path: Path) -> None:
    out = tmp_path / "service.json"

    assert inbox_service.main(["--deliveries", "40", "--timed", "2", "--out", str(out)]) == 0

    result = json.loads(out.read_text())
    assert result["faults"]["deliveries"] >= 40
    assert (result["faults"]["wrong"], result["faults"]["swept"][-1]) == ({}, 0)
    assert result["times"]["ratio"]["p50"] > 1


@pytest.fixture
def at_rest() -> Iterator[None]:
    with inbox_of(Endpoints(None, 0.0, 0.0)):
        yield


def test_an_answer_of_the_newest_version_is_not_wrong(at_rest: None) -> None:
    upload = put(KEY, picture(1), "0A")
    assert wrong(KEY) == "lost"

    inbox.handle(upload, BUCKETS, PREDICTING)

    assert wrong(KEY) is None
    put(KEY, picture(2), "0B")
    assert wrong(KEY) == "of an earlier version"
    client("s3").delete_object(Bucket=UPLOADS, Key=KEY)
    assert wrong(KEY) is None


def test_a_part_of_an_answer_is_wrong_whatever_lies_there(at_rest: None) -> None:
    inbox.handle(put(KEY, picture(1), "0A"), BUCKETS, PREDICTING)

    client("s3").delete_object(Bucket=RESULTS, Key="masks/a.png.png")

    assert wrong(KEY) == "parts of several answers, or of none"
