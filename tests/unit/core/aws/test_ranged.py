from __future__ import annotations

import io
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError, ResponseStreamingError

from sonoflow.aws import ranged
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from tests.unit import stack

DATA = random.Random(7).randbytes(1000)  # noqa: S311 - bytes to compare


@pytest.fixture
def upload(aws: None) -> Upload:
    """An object with a later version on top of it."""
    put = client("s3").put_object
    version = put(Bucket=stack.UPLOADS, Key="datasets/a.zip", Body=DATA)["VersionId"]
    put(Bucket=stack.UPLOADS, Key="datasets/a.zip", Body=b"later")
    return Upload(stack.UPLOADS, "datasets/a.zip", version, len(DATA))


@pytest.mark.parametrize(("offset", "length"), [(0, 1), (0, 1000), (999, 1), (17, 400), (5, 0)])
def test_it_reads_exactly_the_range_of_that_version(
    upload: Upload, offset: int, length: int
) -> None:
    expected = DATA[offset : offset + length]

    assert ranged.RemoteObject(upload).read_at(offset, length) == expected
    assert ranged.HeldFile(io.BytesIO(DATA)).read_at(offset, length) == expected


def test_an_object_that_is_shorter_than_told_is_an_error(upload: Upload) -> None:
    with pytest.raises(OSError, match="S3 gave 10 bytes"):
        ranged.RemoteObject(upload).read_at(990, 20)
    with pytest.raises(OSError, match="ended before"):
        ranged.HeldFile(io.BytesIO(DATA)).read_at(990, 20)


class Torn(ranged.RemoteObject):
    """Breaks off so many times."""

    torn = 0

    def _get(self, offset: int, length: int) -> bytes:
        if self.torn:
            self.torn -= 1
            raise ResponseStreamingError(error="connection reset")
        return super()._get(offset, length)


def test_a_body_that_breaks_off_is_read_again(upload: Upload) -> None:
    source = Torn(upload, attempts=3)

    source.torn = 2
    assert source.read_at(0, 10) == DATA[:10]
    source.torn = 3
    with pytest.raises(ResponseStreamingError):
        source.read_at(0, 10)


def test_what_s3_refuses_is_not_asked_for_again(upload: Upload, monkeypatch: Any) -> None:
    source = ranged.RemoteObject(Upload(upload.bucket, "datasets/gone.zip", None, 10))

    with pytest.raises(ClientError, match="NoSuchKey"):
        source.read_at(0, 10)
