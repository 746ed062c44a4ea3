"""S3 object events on EventBridge, in the shape that S3 sends.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
    "Delete": "DeleteObject",
    "DeleteMarkerCreated": "DeleteObject",
}
_DELETIONS = {"Delete": "Permanently Deleted", "DeleteMarkerCreated": "Delete Marker Created"}

_last_sequencer = 0
_sequencer_lock = threading.Lock()


def object_event(
    account: str, bucket: Any, detail_type: str, event_name: str, key: Any
) -> dict[str, Any]:
    """The event for one change of one object; `event_name` as in s3:ObjectCreated:Put."""
    change = event_name.rsplit(":", 1)[-1]
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": _object(bucket, detail_type, key),
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account,
        "source-ip-address": "127.0.0.1",
        "reason": _REASONS.get(change, change),
    }
    if detail_type == "Object Deleted":
        detail["deletion-type"] = _DELETIONS[change]
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": account,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
    }


def _object(bucket: Any, detail_type: str, key: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"key": key.name}
    if detail_type == "Object Created":
        facts["size"] = key.size
    facts["etag"] = key.etag.strip('"')
    if bucket.versioning_status:
        facts["version-id"] = key.version_id
    facts["sequencer"] = _sequencer()
    return facts


def _sequencer() -> str:
    """Hexadecimal, growing with every event, so that two events of a key can be put in order."""
    global _last_sequencer
    with _sequencer_lock:
        _last_sequencer = max(_last_sequencer + 1, time.time_ns() // 100)
        return f"{_last_sequencer:018X}"
