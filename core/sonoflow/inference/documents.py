"""What all documents of an answer begin with."""

from __future__ import annotations

import datetime
from typing import Any

from sonoflow.aws.uploads import Upload
from sonoflow.errors import BulkRejected, ImageRejected

# Of predictions, rejections of images and of tables, and cases for review, together.
SCHEMA_VERSION = 2
NOTICE = "research use only"


def head() -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "notice": NOTICE}


def now() -> str:
    """In UTC, as ISO 8601 says it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def rejection(upload: Upload, error: ImageRejected | BulkRejected) -> dict[str, Any]:
    """Of an image, or of a zip or manifest as a whole."""
    return {
        **head(),
        "image": upload.facts(),
        "reason": error.reason,
        "detail": error.detail,
        "sequencer": upload.sequencer,
        "time": now(),
    }
