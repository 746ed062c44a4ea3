"""Buckets with all versions of all that is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from operations.account import Account, Unfinished
from operations.destroy import buckets
from operations.destroy.buckets import Bucket

FULL = Bucket("wards-workbucket-a1b2c3", "WorkBucket")
MANY = 1010  # more than one request lists, and more than one deletes


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=FULL.name)
        s3.put_bucket_versioning(Bucket=FULL.name, VersioningConfiguration={"Status": "Enabled"})
        yield Account()


def put(account: Account, key: str, body: bytes = b"12") -> None:
    account.client("s3").put_object(Bucket=FULL.name, Key=key, Body=body)


def test_a_bucket_goes_with_every_version_and_marker(account: Account) -> None:
    for number in range(MANY):
        put(account, f"predictions/{number}.json")
    put(account, "predictions/0.json", b"1234")
    account.client("s3").delete_object(Bucket=FULL.name, Key="predictions/1.json")
    assert buckets.size(account, FULL) == (MANY + 1, 2 * MANY + 4)

    said: list[str] = []
    buckets.delete(account, FULL, said.append)

    assert said == [f"bucket deleted: {FULL.name}, {MANY + 2} object versions"]
    assert not account.client("s3").list_buckets()["Buckets"]
    buckets.delete(account, FULL, said.append)  # another one was quicker


def test_only_what_lies_below_a_prefix_goes(account: Account) -> None:
    for key in ("checkpoints/a", "checkpoints/a", "training/a"):
        put(account, key)

    assert buckets.empty(account, FULL, "checkpoints/") == 2

    assert buckets.size(account, FULL) == (1, 2)


def test_what_s3_refuses_to_delete_is_told_of(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given an answer that is a success as a whole, with a failure in it."""
    put(account, "held.json")

    def refused(**request: Any) -> dict[str, Any]:
        error = {"Key": "held.json", "Code": "AccessDenied", "Message": "object lock"}
        return {"Errors": [error]}

    monkeypatch.setattr(account.client("s3"), "delete_objects", refused)

    with pytest.raises(Unfinished, match=r"held\.json could not be deleted: AccessDenied"):
        buckets.delete(account, FULL, print)


def test_a_bucket_that_nobody_has_tagged_is_nobodys(account: Account) -> None:
    assert buckets.of(account, "wards") == []
