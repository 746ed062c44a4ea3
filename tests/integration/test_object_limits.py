"""What S3 refuses of an object before it looks at it."""

from __future__ import annotations

import http.client
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import Laptop

BUCKET = "object-limits"
PART = 5 * 2**20


@pytest.fixture(scope="module")
def s3(probe: Laptop) -> Any:
    client = probe.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def refused(ask: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as raised:
        ask(Bucket=BUCKET, **members)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(raised.value.response["Error"]["Code"])


def test_a_key_has_up_to_1024_bytes(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="ä" * 512, Body=b"x")

    assert refused(s3.put_object, Key="ä" * 512 + "x", Body=b"x") == "KeyTooLongError"
    assert refused(s3.create_multipart_upload, Key="x" * 1025) == "KeyTooLongError"


def test_metadata_has_up_to_two_kilobytes(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="k", Metadata={"note": "x" * 2044})

    too_much = {"note": "x" * 2000, "more": "x" * 41}
    assert refused(s3.put_object, Key="k", Metadata=too_much) == "MetadataTooLarge"
    assert refused(s3.create_multipart_upload, Key="k", Metadata=too_much) == "MetadataTooLarge"


def test_an_object_has_up_to_ten_tags(s3: Any) -> None:
    def tagging(*keys: str) -> str:
        return "&".join(f"{key}=v" for key in keys)

    numbered = [f"k{number}" for number in range(11)]
    s3.put_object(Bucket=BUCKET, Key="tagged", Tagging=tagging(*numbered[:10]))

    for tags, code in [
        (tagging(*numbered), "BadRequest"),
        (tagging("x" * 129), "InvalidTag"),
        (tagging("aws:x"), "InvalidTag"),
        ("k=" + "v" * 257, "InvalidTag"),
    ]:
        assert refused(s3.put_object, Key="refused", Tagging=tags) == code
        assert refused(s3.create_multipart_upload, Key="refused", Tagging=tags) == code
    assert not s3.list_objects_v2(Bucket=BUCKET, Prefix="refused").get("Contents")


def test_one_request_has_up_to_five_gigabytes(probe: Laptop) -> None:
    """What it says it will send is enough to refuse it."""
    host = probe.endpoint_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.putrequest("PUT", f"/{BUCKET}/huge")
    connection.putheader("Content-Length", str(5 * 1024**3 + 1))
    connection.endheaders()

    answer = connection.getresponse()

    assert answer.status == 400
    assert b"<Code>EntityTooLarge</Code>" in answer.read()
    connection.close()


@pytest.mark.parametrize(
    ("sizes", "order", "code"),
    [
        ((PART - 1, 1), (1, 2), "EntityTooSmall"),
        ((PART, PART), (2, 1), "InvalidPartOrder"),
        ((PART, 1), (1, 2), None),
    ],
)
def test_parts_have_five_mebibytes_but_the_last(
    s3: Any, sizes: tuple[int, int], order: tuple[int, int], code: str | None
) -> None:
    place = {"Bucket": BUCKET, "Key": "parts"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    tags = {
        number: s3.upload_part(**place, UploadId=upload, PartNumber=number, Body=b"x" * size)[
            "ETag"
        ]
        for number, size in enumerate(sizes, 1)
    }
    parts = {"Parts": [{"PartNumber": number, "ETag": tags[number]} for number in order]}

    if code is None:
        s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
        return
    assert code == refused(
        s3.complete_multipart_upload, Key="parts", UploadId=upload, MultipartUpload=parts
    )
