"""What a bucket's policy denies is denied here too: objects that are written once."""

from __future__ import annotations

import io
import json
import urllib.parse
import urllib.request
import uuid
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError

from local.cloudformation.template import parse
from local.laptop.client import Laptop
from tests.integration.conftest import ROOT

KEY = "code/archive.tar.gz"


@pytest.fixture
def bucket(probe: Laptop) -> str:
    """One under the very statement that the work bucket has for code archives."""
    name = f"work-{uuid.uuid4().hex[:12]}"
    template = parse((ROOT / "template.yaml").read_text())
    policy = template["Resources"]["WorkBucketPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = [each for each in policy["Statement"] if each["Sid"].endswith("WrittenOnce")]
    statement["Resource"] = [f"arn:aws:s3:::{name}/{folder}/*" for folder in ("code", "weights")]
    s3 = probe.client("s3")
    s3.create_bucket(Bucket=name)
    document = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))
    return name


@pytest.fixture
def written(probe: Laptop, bucket: str) -> str:
    probe.client("s3").put_object(Bucket=bucket, Key=KEY, Body=b"first", IfNoneMatch="*")
    return bucket


def body(laptop: Laptop, bucket: str) -> bytes:
    found: bytes = laptop.client("s3").get_object(Bucket=bucket, Key=KEY)["Body"].read()
    return found


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        ({}, "AccessDenied"),
        ({"IfMatch": '"8b04d5e3775d298e78455efc5ca404d5"'}, "AccessDenied"),
        ({"IfNoneMatch": "*"}, "PreconditionFailed"),
    ],
)
def test_no_put_replaces_what_is_written(
    probe: Laptop, written: str, request_: dict[str, str], refusal: str
) -> None:
    with pytest.raises(ClientError) as raised:
        probe.client("s3").put_object(Bucket=written, Key=KEY, Body=b"second", **request_)

    assert raised.value.response["Error"]["Code"] == refusal
    assert body(probe, written) == b"first"


@pytest.mark.parametrize(
    ("query", "condition"),
    [("uploads", None), ("uploadId=x", None), ("x-id=PutObject&uploads", None), ("", '"x"')],
)
def test_no_odd_put_replaces_what_is_written(
    probe: Laptop, written: str, query: str, condition: str | None
) -> None:
    """A word in the query makes no part of an upload of it, nor any condition the right one."""
    url = f"{probe.endpoint_url}/{written}/{KEY}?{query}"
    request = urllib.request.Request(url, data=b"second", method="PUT")
    request.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=local/x/us-east-1/s3/x")
    if condition:
        request.add_header("If-None-Match", condition)

    with pytest.raises(HTTPError) as raised:
        urllib.request.urlopen(request)

    raised.value.close()
    assert raised.value.code == (501 if condition else 403)
    assert body(probe, written) == b"first"


def test_no_copy_replaces_what_is_written(probe: Laptop, written: str) -> None:
    s3 = probe.client("s3")
    s3.put_object(Bucket=written, Key="other", Body=b"second")

    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        s3.copy_object(Bucket=written, Key=KEY, CopySource=f"{written}/other")

    assert body(probe, written) == b"first"


def test_no_multipart_upload_replaces_what_is_written(probe: Laptop, written: str) -> None:
    s3 = probe.client("s3")
    upload: dict[str, Any] = {"Bucket": written, "Key": KEY}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"second")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}

    for request in ({}, {"IfNoneMatch": "*"}):
        with pytest.raises(ClientError):
            s3.complete_multipart_upload(**upload, MultipartUpload=parts, **request)

    assert body(probe, written) == b"first"


def test_no_form_replaces_what_is_written(probe: Laptop, written: str) -> None:
    form = urllib.parse.urlencode({"key": KEY, "file": "second"}).encode()
    request = urllib.request.Request(f"{probe.endpoint_url}/{written}", form, method="POST")

    with pytest.raises(HTTPError, match="403") as raised:
        urllib.request.urlopen(request)

    raised.value.close()
    assert body(probe, written) == b"first"


def test_all_else_is_written_as_before(probe: Laptop, written: str) -> None:
    s3 = probe.client("s3")
    tags = {"TagSet": [{"Key": "kind", "Value": "code"}]}

    s3.put_object_tagging(Bucket=written, Key=KEY, Tagging=tags)
    for content in (b"first", b"second"):
        s3.put_object(Bucket=written, Key="datasets/plan.json", Body=content)
        s3.upload_fileobj(io.BytesIO(content), written, "datasets/other.json")

    assert s3.get_object_tagging(Bucket=written, Key=KEY)["TagSet"] == tags["TagSet"]
