from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest

from sonoflow.aws.clients import client
from sonoflow.feedback import archive
from tests.unit import stack

KEY = "datasets/busi+feedback.zip"
NOISE = np.random.default_rng(0).bytes(3 * 1024 * 1024)


def contents(count: int) -> Iterator[tuple[str, bytes]]:
    for number in range(count):
        yield f"benign/ß {number}.png", NOISE[number:]


def test_an_archive_of_any_size_is_written_in_parts_and_read_by_others(aws: None) -> None:
    archive.write(stack.UPLOADS, KEY, {"made-of": "x"}, {"groups.csv": b"a,b\n"}, contents(4))

    head = client("s3").head_object(Bucket=stack.UPLOADS, Key=KEY)
    assert head["ETag"].strip('"').endswith("-2")
    assert head["Metadata"] == {"made-of": "x"}
    with zipfile.ZipFile(io.BytesIO(stack.read(stack.UPLOADS, KEY))) as written:
        assert written.testzip() is None
        assert written.namelist() == ["groups.csv", *(name for name, _ in contents(4))]
        assert written.read("benign/ß 3.png") == NOISE[3:]


def test_the_same_members_make_the_same_bytes(aws: None) -> None:
    archive.write(stack.UPLOADS, "a", {}, {}, contents(1))
    archive.write(stack.UPLOADS, "b", {}, {}, contents(1))

    assert stack.read(stack.UPLOADS, "a") == stack.read(stack.UPLOADS, "b")


@pytest.mark.parametrize("count", [1, 4], ids=["in one piece", "in parts"])
def test_nothing_appears_if_a_member_cannot_be_read(aws: None, count: int) -> None:
    def broken() -> Iterator[tuple[str, bytes]]:
        yield from contents(count)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        archive.write(stack.UPLOADS, KEY, {}, {}, broken())

    assert stack.keys_of(stack.UPLOADS) == []
    assert "Uploads" not in client("s3").list_multipart_uploads(Bucket=stack.UPLOADS)
