"""The corpus through plan and stage: no escape, no crash, bounded memory and time."""

from __future__ import annotations

import io
import json
import re
import threading
import time
import tracemalloc
from typing import Any

import pytest

from sonoflow.aws.ranged import HeldFile
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused
from sonoflow.images import batches, contents, staging
from sonoflow.planning import plans
from sonoflow.quarantine import SetAside
from tests.unit.core.archives.corpus import CASES, Case

SECONDS_LIMIT = 30.0  # of processor time, so that other work on the machine does not count
MEMORY_LIMIT = 256 * 1024 * 1024
KEY = re.compile(r"(images|masks)/[a-z0-9-]{1,64}/[0-9a-f]{16}\.png")


class Held(HeldFile):
    """May be read by several threads, as S3 may."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._lock = threading.Lock()

    def read_at(self, offset: int, length: int) -> bytes:
        with self._lock:
            return super().read_at(offset, length)


def run(data: bytes) -> tuple[dict[str, bytes], list[SetAside]]:
    """What plan_dataset and stage_images do with an upload, plan file included."""
    source = Held(data)
    upload = Upload("uploads", "datasets/a.zip", None, len(data))
    index = plans.open_upload(upload, source)
    found = contents.read(index, source)
    limits = batches.Limits(400, 32 * 1024 * 1024)
    document, _ = batches.plan_document(batches.cut(found.images, limits))
    stored: dict[str, bytes] = {}
    quarantine = list(found.quarantine)
    for batch in json.loads(document):
        images = batches.from_state({"batch": batch}).images
        quarantine += staging.stage(source, images, stored.__setitem__)[1]
    return stored, quarantine


def outcome(data: bytes) -> tuple[str | None, dict[str, bytes], list[SetAside]]:
    """The reason of a refusal, or what is stored and what is set aside."""
    try:
        return None, *run(data)
    except DatasetRefused as error:
        assert error.detail
        return error.reason, {}, []


def test_there_are_a_hundred_cases_at_least_and_each_has_a_name_of_its_own() -> None:
    assert len(CASES) >= 100
    assert len({case.name for case in CASES}) == len(CASES)


LARGE = re.compile(r"million|as many|,000 |thousand images")


def parameter(case: Case) -> Any:
    marks = [pytest.mark.slow] if LARGE.search(case.name) else []
    return pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", [parameter(case) for case in CASES])
def test_a_hostile_archive_ends_as_expected(case: Case) -> None:
    data = case.build()
    start = time.process_time()
    refused, stored, quarantine = outcome(data)
    seconds = time.process_time() - start
    tracemalloc.start()  # a run of its own: it takes several times as long
    try:
        assert outcome(data)[0] == refused
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert refused == case.refused
    if refused is None:
        assert tuple(sorted(entry.reason for entry in quarantine)) == case.reasons
        assert len(stored) == case.staged
    assert all(KEY.fullmatch(key) for key in stored), "escaped"
    assert all(entry.detail for entry in quarantine)
    assert peak < MEMORY_LIMIT
    assert seconds < SECONDS_LIMIT
