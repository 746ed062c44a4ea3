from __future__ import annotations

import io
import os
import random
from collections.abc import Callable

import pytest

from sonoflow import remotefile
from sonoflow.clients import client
from sonoflow.uploads import Upload
from tests.unit import stack

DATA = random.Random(7).randbytes(1000)  # noqa: S311 - bytes to compare


@pytest.fixture
def upload(aws: None, monkeypatch: pytest.MonkeyPatch) -> Upload:
    """An object of ten blocks, with a later version on top of it."""
    monkeypatch.setattr(remotefile, "BLOCK_BYTES", 100)
    put = client("s3").put_object
    version = put(Bucket=stack.UPLOADS, Key="datasets/a.zip", Body=DATA)["VersionId"]
    put(Bucket=stack.UPLOADS, Key="datasets/a.zip", Body=b"later")
    return Upload(stack.UPLOADS, "datasets/a.zip", version, len(DATA))


def test_it_reads_like_a_local_file(upload: Upload) -> None:
    remote, local = remotefile.open_remote(upload), io.BytesIO(DATA)
    chance = random.Random(8)  # noqa: S311

    for _ in range(60):
        offset, amount = chance.randrange(1100), chance.randrange(350)
        assert remote.seek(offset) == local.seek(offset)
        assert remote.read(amount) == local.read(amount)
        assert remote.tell() == local.tell()


@pytest.mark.parametrize(
    "move",
    [
        lambda file: file.seek(-22, os.SEEK_END),
        lambda file: (file.seek(50), file.seek(25, os.SEEK_CUR)),
        lambda file: file.seek(0, os.SEEK_END),
    ],
)
def test_it_seeks_from_everywhere(upload: Upload, move: Callable[[io.IOBase], None]) -> None:
    remote, local = remotefile.open_remote(upload), io.BytesIO(DATA)
    move(remote)
    move(local)

    assert remote.read() == local.read()


def test_seeking_before_the_start_is_the_error_that_zipfile_expects(upload: Upload) -> None:
    with pytest.raises(OSError, match="before the start"):
        remotefile.RemoteFile(upload).seek(-1001, os.SEEK_END)


def test_neighbours_are_fetched_once_and_memory_is_bounded(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = remotefile.RemoteFile(upload)
    fetched: list[int] = []
    fetch = file._fetch
    monkeypatch.setattr(file, "_fetch", lambda number: (fetched.append(number), fetch(number))[1])

    for offset in range(0, 1000, 20):
        file.seek(offset)
        assert file.read(20) == DATA[offset : offset + 20]

    assert fetched == list(range(10))
    assert len(file._blocks) == remotefile.BLOCKS_KEPT


def test_an_object_that_is_shorter_than_told_is_an_error(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remotefile, "BLOCK_BYTES", 300)
    longer = Upload(upload.bucket, upload.key, upload.version_id, len(DATA) + 30)

    with pytest.raises(OSError, match="S3 gave"):
        remotefile.open_remote(longer).read()
