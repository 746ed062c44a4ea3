"""An "Object Created" of EventBridge, in the shape that S3 sends, for a version of which S3's own
event has led to nothing.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html

What S3 alone knows is the sequencer, by which answers to versions of one key are put in order:
`uploads.sequencer_after` makes one. See docs/decisions/0032-two-queues.md.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

REASON = "Sweep"  # where S3 says PutObject, CopyObject, …


def created(
    upload: Mapping[str, Any], sequencer: str, partition: str, account: str, region: str
) -> dict[str, Any]:
    """The event for a version as ListObjectVersions tells of it, with its `Bucket`.

    Its time is the upload's, so that whoever waits for a model knows since when.
    """
    written: datetime.datetime = upload["LastModified"]
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": account,
        "time": written.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [f"arn:{partition}:s3:::{upload['Bucket']}"],
        "detail": {
            "version": "0",
            "bucket": {"name": upload["Bucket"]},
            "object": {
                "key": upload["Key"],
                "size": upload["Size"],
                "etag": upload["ETag"].strip('"'),
                "version-id": upload["VersionId"],
                "sequencer": sequencer,
            },
            "request-id": uuid.uuid4().hex[:16].upper(),
            "requester": account,
            "source-ip-address": "127.0.0.1",
            "reason": REASON,
        },
    }
