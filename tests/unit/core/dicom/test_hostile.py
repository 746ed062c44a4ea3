"""Files that lie, are cut off or would fill the memory, through all of the room."""

from __future__ import annotations

import json
import sys
import tracemalloc
from pathlib import Path

import pytest

from sonoflow.dicom.objects import DicomObject
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom import hostile

GOLDEN = Path(__file__).with_name("hostile.golden.json")
CORPUS = dict(hostile.corpus())
READ = "read"
MEMORY_LIMIT = 160 * 1024 * 1024  # twice what a deflated file may hold, and some


def outcome(data: bytes) -> str:
    try:
        found = DicomObject(data, 40_000_000, 32)
        for number in range(min(found.count, 3)):
            found.frame(number)
    except ImageRejected as error:
        assert error.detail
        return error.reason
    return READ


def test_each_ends_as_it_is_written() -> None:
    """`python -m tests.unit.core.dicom.test_hostile` writes it. No warning escapes either: they
    are errors here."""
    assert len(CORPUS) > 60
    assert {name: outcome(data) for name, data in CORPUS.items()} == json.loads(
        GOLDEN.read_text("utf-8")
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CORPUS if "bomb" in name or "half" in name])
def test_bombs_take_no_more_memory_than_is_allowed(name: str) -> None:
    tracemalloc.start()
    try:
        outcome(CORPUS[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < MEMORY_LIMIT


if __name__ == "__main__":
    text = json.dumps({name: outcome(data) for name, data in CORPUS.items()}, indent=1)
    GOLDEN.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(CORPUS)} files\n")
