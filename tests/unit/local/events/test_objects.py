"""S3's events as EventBridge carries them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from local.events.objects import object_event


@dataclasses.dataclass
class Bucket:
    name: str = "uploads"
    arn: str = "arn:aws:s3:::uploads"
    region_name: str = "us-east-1"
    versioning_status: str | None = "Enabled"


@dataclasses.dataclass
class Key:
    name: str = "inbox/a b.png"
    size: int = 5
    etag: str = '"abc"'
    version_id: str = "v1"


def event(kind: str, name: str, **bucket: Any) -> dict[str, Any]:
    return object_event("123456789012", Bucket(**bucket), kind, name, Key())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("s3:ObjectCreated:Put", "PutObject"),
        ("s3:ObjectCreated:Post", "POST Object"),
        ("s3:ObjectCreated:Copy", "CopyObject"),
        ("s3:ObjectCreated:CompleteMultipartUpload", "CompleteMultipartUpload"),
    ],
)
def test_a_creation_names_its_reason(name: str, reason: str) -> None:
    assert event("Object Created", name)["detail"]["reason"] == reason


def test_a_created_object_is_described() -> None:
    described = event("Object Created", "s3:ObjectCreated:Put")["detail"]["object"]

    del described["sequencer"]
    assert described == {"key": "inbox/a b.png", "size": 5, "etag": "abc", "version-id": "v1"}


def test_a_bucket_without_versions_names_none() -> None:
    found = event("Object Created", "s3:ObjectCreated:Put", versioning_status=None)

    assert "version-id" not in found["detail"]["object"]


def test_a_deletion_says_of_which_kind_and_no_size() -> None:
    detail = event("Object Deleted", "s3:ObjectRemoved:Delete")["detail"]

    assert detail["deletion-type"] == "Permanently Deleted"
    assert detail["reason"] == "DeleteObject"
    assert "size" not in detail["object"]


def test_sequencers_grow() -> None:
    events = [event("Object Created", "s3:ObjectCreated:Put") for _ in range(1000)]

    sequencers = [each["detail"]["object"]["sequencer"] for each in events]
    assert sequencers == sorted(set(sequencers))
    assert {len(each) for each in sequencers} == {18}
