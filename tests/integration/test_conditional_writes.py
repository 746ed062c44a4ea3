"""Conditions of writes to the laptop's S3, judged as S3 judges them, whoever else writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import Laptop

WRITERS, WRITES = 6, 15
BUCKET = "conditional-writes"


@pytest.fixture(scope="module")
def s3(probe: Laptop) -> Any:
    client = probe.client("s3")
    client.create_bucket(Bucket=BUCKET)
    enabled = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=enabled)
    return client


def put(s3: Any, key: str, body: bytes, **condition: str) -> Any:
    return s3.put_object(Bucket=BUCKET, Key=key, Body=body, **condition)


def in_parts(s3: Any, key: str, body: bytes, **condition: str) -> Any:
    place = {"Bucket": BUCKET, "Key": key}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    etag = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=body)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    return s3.complete_multipart_upload(
        **place, UploadId=upload, MultipartUpload=parts, **condition
    )


def copy(s3: Any, key: str, body: bytes, **condition: str) -> Any:
    put(s3, f"{key}.source", body)
    source = {"Bucket": BUCKET, "Key": f"{key}.source"}
    return s3.copy_object(Bucket=BUCKET, Key=key, CopySource=source, **condition)


WAYS = [put, in_parts, copy]
Write = Callable[..., Any]


def read(s3: Any, key: str) -> bytes:
    return bytes(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


@pytest.mark.parametrize("write", WAYS)
def test_a_write_whose_condition_is_not_met_changes_nothing(s3: Any, write: Write) -> None:
    key = f"refused-{write.__name__}"
    etag = put(s3, key, b"first")["ETag"]

    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"of something else"'}):
        with pytest.raises(ClientError) as raised:
            write(s3, key, b"second", **condition)
        assert raised.value.response["Error"]["Code"] == "PreconditionFailed"
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
        assert read(s3, key) == b"first"

    write(s3, key, b"second", IfMatch=etag)
    assert read(s3, key) == b"second"


@pytest.mark.parametrize("write", WAYS)
def test_a_condition_that_only_reads_may_have_is_refused(s3: Any, write: Write) -> None:
    key = f"condition-{write.__name__}"

    with pytest.raises(ClientError) as raised:
        write(s3, key, b"first", IfNoneMatch='"of something else"')

    assert raised.value.response["Error"]["Code"] == "NotImplemented"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize("write", WAYS)
def test_what_is_not_there_or_deleted_matches_nothing(s3: Any, write: Write) -> None:
    key = f"absent-{write.__name__}"
    etag = put(s3, key, b"first")["ETag"]
    s3.delete_object(Bucket=BUCKET, Key=key)

    with pytest.raises(ClientError, match="NoSuchKey"):
        write(s3, key, b"second", IfMatch=etag)
    write(s3, key, b"third", IfNoneMatch="*")
    assert read(s3, key) == b"third"


def test_an_object_is_deleted_only_as_it_was_seen(s3: Any) -> None:
    etag = put(s3, "deleted", b"first")["ETag"]
    put(s3, "deleted", b"second")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.delete_object(Bucket=BUCKET, Key="deleted", IfMatch=etag)
    assert read(s3, "deleted") == b"second"


def test_an_upload_that_is_completed_twice_is_no_conflict_with_itself(s3: Any) -> None:
    place = {"Bucket": BUCKET, "Key": "twice"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    etag = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}

    for _ in range(2):
        s3.complete_multipart_upload(
            **place, UploadId=upload, MultipartUpload=parts, IfNoneMatch="*"
        )


@pytest.mark.parametrize("write", [put, in_parts])
def test_of_writers_that_saw_the_same_object_one_gets_through(
    probe: Laptop, s3: Any, write: Write
) -> None:
    """A number that each adds to, as long as it takes: none of the additions is lost."""
    key = f"counter-{write.__name__}"
    put(s3, key, b"0")

    def add() -> None:
        for _ in range(WRITES):
            while True:
                seen = s3.get_object(Bucket=BUCKET, Key=key)
                body = str(int(seen["Body"].read()) + 1).encode()
                try:
                    write(s3, key, body, IfMatch=seen["ETag"])
                    break
                except ClientError as error:
                    assert error.response["Error"]["Code"] == "PreconditionFailed"

    threads = [threading.Thread(target=add) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert int(read(s3, key)) == WRITERS * WRITES
