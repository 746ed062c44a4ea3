"""Plans as a whole are held by the tests of plan_dataset."""

from __future__ import annotations

import io

import pytest

from sonoflow.aws.ranged import HeldFile
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused
from sonoflow.planning import plans
from tests.unit import pictures

ARCHIVE = pictures.archive({"a/x.png": b"x"})


@pytest.mark.parametrize("key", ["datasets/a.zip", "datasets/A.ZIP"])
def test_an_archive_is_opened(key: str) -> None:
    source = HeldFile(io.BytesIO(ARCHIVE))

    index = plans.open_upload(Upload("uploads", key, None, len(ARCHIVE)), source)

    assert [member.name for member in index.members] == ["a/x.png"]


@pytest.mark.parametrize(
    ("key", "data", "reason"),
    [
        ("datasets/a.rar", ARCHIVE, "unsupported-extension"),
        ("datasets/a", ARCHIVE, "unsupported-extension"),
        ("datasets/a.zip", b"", "empty"),
        ("datasets/a.zip", b"no archive", "not-a-zip"),
    ],
)
def test_what_is_no_archive_is_refused(key: str, data: bytes, reason: str) -> None:
    with pytest.raises(DatasetRefused) as refused:
        plans.open_upload(Upload("uploads", key, None, len(data)), HeldFile(io.BytesIO(data)))

    assert refused.value.reason == reason
