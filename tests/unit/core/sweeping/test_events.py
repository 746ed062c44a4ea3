from __future__ import annotations

import datetime
from typing import Any

from sonoflow.aws import uploads
from sonoflow.sweeping import events
from tests.unit import stack


def shape(document: Any) -> Any:
    return {k: shape(v) for k, v in document.items()} if isinstance(document, dict) else None


def test_an_event_has_the_shape_that_s3_sends() -> None:
    version = {
        "Bucket": stack.UPLOADS,
        "Key": "inbox/a b.png",
        "VersionId": "v2",
        "Size": 7,
        "ETag": '"d41d"',
        "LastModified": datetime.datetime(2026, 7, 1, 9, 30, tzinfo=datetime.UTC),
    }

    event = events.created(version, "0B", "aws", "123456789012", "us-east-1")

    assert shape(event) == shape(stack.event("plan_dataset.archive"))
    assert event["time"] == "2026-07-01T09:30:00Z"
    assert event["resources"] == [f"arn:aws:s3:::{stack.UPLOADS}"]
    assert event["detail"]["object"]["etag"] == "d41d"
    assert uploads.from_event(event) == uploads.Upload(
        stack.UPLOADS, "inbox/a b.png", "v2", 7, "0B"
    )
