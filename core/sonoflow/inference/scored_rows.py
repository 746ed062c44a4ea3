"""How many rows an object of scores has, where whoever wrote it is gone."""

from __future__ import annotations

import contextlib
import csv
import io

from sonoflow.aws import objects
from sonoflow.aws.clients import client


def count(bucket: str, key: str, version_id: str | None) -> int:
    """Without the header; one row in memory at a time. An id may hold line ends."""
    answer = client("s3").get_object(Bucket=bucket, Key=key, **objects.versioned(version_id))
    with contextlib.closing(answer["Body"]) as body:
        text = io.TextIOWrapper(body, encoding="utf-8", newline="")
        return sum(1 for _ in csv.reader(text)) - 1
