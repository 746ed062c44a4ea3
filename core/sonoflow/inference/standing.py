"""An object of an answer that is there, by its metadata."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from botocore.exceptions import ClientError

from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.inference.stamps import Stamp

# Next to its stamp: it is an answer's last one, and the numbers of those written before it that not
# every answer has.
COMPLETES, BESIDE = "sonoflow-completes", "sonoflow-beside"


@dataclasses.dataclass(frozen=True)
class Found:
    """An object of an answer that is there."""

    stamp: Stamp
    etag: str
    completes: bool
    beside: frozenset[int]


def find(bucket: str, key: str) -> Found | None:
    """The object of an answer at a key of the results bucket, if there is one."""
    try:
        head = client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if objects.is_missing(error):
            return None
        raise
    metadata = head["Metadata"]
    beside = metadata.get(BESIDE, "").replace("true", "0")  # as it was when there was one
    numbers = frozenset(map(int, beside.split()))
    return Found(Stamp.read(metadata), head["ETag"], is_complete(metadata), numbers)


def is_complete(metadata: Mapping[str, str]) -> bool:
    """Whether an object with such metadata is an answer's last one."""
    return metadata.get(COMPLETES) == "true"
