"""The index of all answers: one line of JSON for each, in an object of its own, a folder a day.

    index/dt=2026-12-01/<id>.jsonl

Athena reads the folders as a table (docs/answers.md has its statement). The inbox path stands in a
line as it does in the keys of the results, and may name a patient just as they may; the keys of the
index do not.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.inference.stamps import Stamp

SCHEMA_VERSION = 1
PREDICTION, SCORES, REJECTION = "prediction", "scores", "rejection"
IMAGE, TABLE, BULK = "image", "table", "bulk"
Entry = Mapping[str, Any]


def entry_id(upload: Upload, stamp: Stamp) -> str:
    """Of one answer to one version, the same however often it is told."""
    facts = (upload.bucket, upload.key, str(stamp.version_id), stamp.sequencer, stamp.attempt)
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]


def key_of(entry: Entry) -> str:
    day = datetime.datetime.fromisoformat(entry["written"]).date()
    return keys.index_entry(day.isoformat(), entry["id"])


def about(upload: Upload, stamp: Stamp, answer: str, key: str) -> dict[str, Any]:
    """An entry with all its columns; what is not said here is null where it does not apply."""
    return {
        "schema_version": SCHEMA_VERSION,
        "id": entry_id(upload, stamp),
        "answer": answer,
        "kind": _kind(upload),
        "path": keys.inbox_path(upload.key),
        "bucket": upload.bucket,
        "key": upload.key,
        "version_id": upload.version_id,
        "sequencer": upload.sequencer,
        "document_key": key,
        "document_version_id": None,
        "written": None,
        "label": None,
        "probabilities": None,
        "action": None,
        "reasons": None,
        "lesion_pixels": None,
        "lesion_fraction": None,
        "row_count": None,
        "bad_row_count": None,
        "reason": None,
        "detail": None,
        "models": {},
        "dataset_versions": {},
        "archive": upload.archive,
    }


def _kind(upload: Upload) -> str:
    if keys.is_inbox_table(upload.key):
        return TABLE
    return BULK if keys.is_inbox_bulk(upload.key) and upload.archive is None else IMAGE


def is_known(bucket: str, entry: Entry) -> bool:
    try:
        client("s3").head_object(Bucket=bucket, Key=key_of(entry))
    except ClientError as error:
        if objects.is_missing(error):
            return False
        raise
    return True


def add(bucket: str, entry: Entry) -> None:
    """Once: what another delivery has added meanwhile says the same, and stays."""
    line = json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        client("s3").put_object(
            Bucket=bucket,
            Key=key_of(entry),
            Body=line.encode(),
            ContentType="application/jsonl",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
