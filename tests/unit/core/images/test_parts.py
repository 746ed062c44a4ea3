from __future__ import annotations

from typing import Any

import pytest

from sonoflow.images import parts
from sonoflow.keys import Dataset
from sonoflow.quarantine import SetAside
from tests.unit import stack

DATASET = Dataset("busi", "0a1b2c3d4e5f")


def write(key: str, *names: str, digest: str = "") -> list[dict[str, Any]]:
    entries = [{"id": name} for name in names]
    aside = [SetAside("notes.txt", "unsupported-extension", "no image")]
    parts.write(stack.WORK, key, entries, aside, digest)
    return entries


def test_all_parts_are_read_that_of_the_plan_first(aws: None) -> None:
    count = 3 * parts.READS_AT_ONCE
    write(DATASET.plan_part)
    written = [write(DATASET.part(number), f"image {number}") for number in range(count)]

    read = list(parts.read(stack.WORK, DATASET, count))

    assert [part["images"] for part in read] == [[], *written]
    assert read[0]["quarantine"] == [
        {"source": "notes.txt", "reason": "unsupported-extension", "detail": "no image"}
    ]


def test_a_missing_part_is_an_error(aws: None) -> None:
    write(DATASET.plan_part)
    write(DATASET.part(0), "a")

    with pytest.raises(Exception, match="NoSuchKey"):
        list(parts.read(stack.WORK, DATASET, 2))


def test_a_part_is_found_by_the_digest_of_its_batch(aws: None) -> None:
    key = DATASET.part(0)
    entries = write(key, "a", digest="d1")

    found = parts.find(stack.WORK, key, "d1")

    assert found is not None
    assert found["images"] == entries
    assert parts.find(stack.WORK, key, "d2") is None
    assert parts.find(stack.WORK, DATASET.part(1), "d1") is None
