"""The buckets that outlive their stack, with everything that people have put into them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from operations.account import Account, Unfinished, code
from operations.names import BUCKETS

_AT_ONCE = 1000  # objects that DeleteObjects takes
_ROUNDS = 3  # what was under way when the stack went may still write


@dataclasses.dataclass(frozen=True)
class Bucket:
    """A bucket that is kept by its stack."""

    name: str
    role: str  # its logical id in the template


def of(account: Account, stack: str) -> list[Bucket]:
    """The stack's buckets in this region, whether it still exists or not.

    A bucket's name is anybody's: only what CloudFormation itself has tagged is the stack's.
    """
    found = []
    for bucket in account.each(
        "s3", "list_buckets", "Buckets", Prefix=f"{stack}-", BucketRegion=account.region
    ):
        tags = _tags(account, bucket["Name"])
        role = tags.get("aws:cloudformation:logical-id")
        if tags.get("aws:cloudformation:stack-name") == stack and role in BUCKETS:
            found.append(Bucket(bucket["Name"], role))
    return found


def size(account: Account, bucket: Bucket) -> tuple[int, int]:
    """Versions of objects and their bytes, old ones included: they are paid for too."""
    sizes = [
        version["Size"]
        for version in account.each("s3", "list_object_versions", "Versions", Bucket=bucket.name)
    ]
    return len(sizes), sum(sizes)


def empty(account: Account, bucket: Bucket, prefix: str = "") -> int:
    """Delete every version and every marker below the prefix; returns how many there were.

    Raises Unfinished with the first one that S3 refuses.
    """
    deleted = 0
    # Listed from the start each time: what a page ended with is gone when the next is asked for.
    while batch := list(itertools.islice(_versions(account, bucket, prefix), _AT_ONCE)):
        answer = account.client("s3").delete_objects(
            Bucket=bucket.name, Delete={"Objects": batch, "Quiet": True}
        )
        for error in answer.get("Errors", []):
            raise Unfinished(
                f"s3://{bucket.name}/{error['Key']} could not be deleted:"
                f" {error['Code']}: {error['Message']}"
            )
        deleted += len(batch)
    return deleted


def delete(account: Account, bucket: Bucket, say: Callable[[str], None]) -> None:
    """Delete the bucket with all that is in it."""
    s3 = account.client("s3")
    for _ in range(_ROUNDS):
        try:
            _abort_uploads(account, bucket)
            count = empty(account, bucket)
            s3.delete_bucket(Bucket=bucket.name)
        except ClientError as error:
            if code(error) == "NoSuchBucket":
                return
            if code(error) != "BucketNotEmpty":
                raise
        else:
            say(f"bucket deleted: {bucket.name}, {count} object versions")
            return
    raise Unfinished(f"Something still writes into {bucket.name}. Run the same again.")


def _versions(account: Account, bucket: Bucket, prefix: str) -> Iterator[dict[str, Any]]:
    pages = account.client("s3").get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=bucket.name, Prefix=prefix):
        for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            yield {"Key": version["Key"], "VersionId": version["VersionId"]}


def _abort_uploads(account: Account, bucket: Bucket) -> None:
    uploads = list(account.each("s3", "list_multipart_uploads", "Uploads", Bucket=bucket.name))
    for upload in uploads:
        account.client("s3").abort_multipart_upload(
            Bucket=bucket.name, Key=upload["Key"], UploadId=upload["UploadId"]
        )


def _tags(account: Account, bucket: str) -> dict[str, str]:
    try:
        tags = account.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        # nobody tagged it, it is gone meanwhile, or it is somebody else's business
        if code(error) in ("NoSuchTagSet", "NoSuchBucket", "AccessDenied"):
            return {}
        raise
    return {tag["Key"]: tag["Value"] for tag in tags}
