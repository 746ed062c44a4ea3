"""Telling of answers: an event on the default event bus, and a line of the index.

Both are made of the document that stands, never of what a delivery remembers, and in this order:
document, event, line. The line is the mark that the event is out. So

- nobody hears of a document that is not there yet;
- a function that is killed in between loses nothing: the message comes again, finds its version
  answered and no line, and tells of it then;
- a message that comes again later finds the line and is silent. An event is told twice only if the
  function was killed between event and line, or two deliveries of one version end at the same
  moment; both events carry the same `id`.

Of an answer that a newer version has replaced by then nothing is told: its document is gone. See
docs/decisions/0034-telling-of-answers.md.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.errors import EventRefused
from sonoflow.inference import documents, index, origins, scored_rows, standing
from sonoflow.inference.stamps import Stamp

SOURCE = "sonoflow"
DETAIL_TYPES = {
    index.PREDICTION: "Prediction Written",
    index.SCORES: "Prediction Written",
    index.REJECTION: "Rejection Written",
}
SCHEMA_VERSION = 1  # of the event's detail


@dataclasses.dataclass(frozen=True)
class _Standing:
    """The object that completes an answer, as it is in the results bucket."""

    answer: str  # index.PREDICTION, SCORES or REJECTION
    key: str
    stamp: Stamp
    version_id: str | None
    etag: str
    written: datetime.datetime
    metadata: Mapping[str, str]


def announce(upload: Upload, results: str, rows: int | None = None) -> index.Entry | None:
    """Tells of this version's answer, if it stands and nobody has told of it yet; gives the line of
    the index about the one that stands.

    `rows` that have a score, if whoever has just scored them knows. Raises EventRefused; errors of
    S3 and EventBridge escape.
    """
    found = _standing(upload, results)
    entry = None if found is None else _entry(upload, results, found, rows)
    if entry is None or index.is_known(results, entry):
        return entry
    _put(results, entry)
    index.add(results, entry)
    return entry


def _standing(upload: Upload, results: str) -> _Standing | None:
    own = Stamp.of(upload)
    for answer, key in _places(upload).items():
        head = _head(results, key)
        if head is not None and standing.is_complete(head["Metadata"]):
            stamp = Stamp.read(head["Metadata"])
            if stamp.is_of_version(own):
                version, etag, written = head.get("VersionId"), head["ETag"], head["LastModified"]
                return _Standing(answer, key, stamp, version, etag, written, head["Metadata"])
    return None


def _places(upload: Upload) -> dict[str, str]:
    """Where what completes its answer may be: a table is scored if it came by itself, and of what
    stands for many a summary tells of others' answers, and is none."""
    path = keys.inbox_path(upload.key)
    rejection = {index.REJECTION: keys.rejection(path)}
    if keys.is_inbox_table(path):
        return rejection if upload.archive else {index.SCORES: keys.scores(path), **rejection}
    if keys.is_inbox_bulk(path):
        return rejection
    return {index.PREDICTION: keys.prediction(path), **rejection}


def _head(bucket: str, key: str) -> Mapping[str, Any] | None:
    try:
        head: Mapping[str, Any] = client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if objects.is_missing(error):
            return None
        raise
    return head


def _entry(
    upload: Upload, results: str, found: _Standing, rows: int | None
) -> dict[str, Any] | None:
    """None if the answer has been replaced since."""
    entry = index.about(upload, found.stamp, found.answer, found.key)
    entry["document_version_id"] = found.version_id
    entry["written"] = found.written.astimezone(datetime.UTC).isoformat(timespec="seconds")
    try:
        if found.answer == index.SCORES:
            return entry | _of_scores(results, found, rows, keys.inbox_path(upload.key))
        # By its ETag, not by its version, which would take one more right.
        answer = client("s3").get_object(Bucket=results, Key=found.key, IfMatch=found.etag)
        document = json.loads(answer["Body"].read())
    except ClientError as error:
        if objects.is_missing(error) or error.response["Error"]["Code"] == "PreconditionFailed":
            return None
        raise
    if found.answer == index.PREDICTION:
        return entry | _of_prediction(document)
    return entry | _of_rejection(document)


def _of_prediction(document: Mapping[str, Any]) -> dict[str, Any]:
    segmentation, models = document["segmentation"], document["models"]
    return {
        "label": document["classification"]["label"],
        "probabilities": document["classification"]["probabilities"],
        "action": document["decision"]["action"],
        "reasons": document["decision"]["reasons"],
        "lesion_pixels": segmentation["lesion_pixels"],
        "lesion_fraction": segmentation["lesion_fraction"],
        "models": {role: model["version"] for role, model in models.items()},
        "dataset_versions": {role: m.get("dataset_version") for role, m in models.items()},
    }


def _of_rejection(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "row_count": document.get("rows"),
        "bad_row_count": document.get("bad_rows"),
        "reason": document.get("reason"),
        "detail": document.get("detail"),
    }


def _of_scores(results: str, found: _Standing, rows: int | None, path: str) -> dict[str, Any]:
    beside = objects.find_json(results, keys.rejection(path)) or {}
    if beside.get("sequencer") != found.stamp.sequencer:
        beside = {}  # of another version, which is about to replace this one
    known = scored_rows.count(results, found.key, found.etag) if rows is None else rows
    models = origins.read(found.metadata)
    return {
        "row_count": known,
        "bad_row_count": beside.get("bad_rows", 0),
        "models": models,
        "dataset_versions": {role: origins.dataset_version(v) for role, v in models.items()},
    }


def _put(results: str, entry: index.Entry) -> None:
    """One event. Raises EventRefused."""
    answer = client("events").put_events(
        Entries=[
            {
                "Source": SOURCE,
                "DetailType": DETAIL_TYPES[entry["answer"]],
                "Detail": json.dumps(detail(results, entry), allow_nan=False),
            }
        ]
    )
    if answer["FailedEntryCount"]:
        (refused,) = answer["Entries"]
        raise EventRefused(f"{refused.get('ErrorCode')}: {refused.get('ErrorMessage')}")


def detail(results: str, entry: index.Entry) -> dict[str, Any]:
    """What an event says, of an entry of the index."""
    given = (entry["action"], entry["reasons"])
    datasets = entry["dataset_versions"]
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": documents.NOTICE,
        "id": entry["id"],
        "kind": entry["kind"],
        "bucket": results,
        "key": entry["document_key"],
        "version_id": entry["document_version_id"],
        "upload": {
            **{name: entry[name] for name in ("bucket", "key", "version_id", "sequencer")},
            **({"archive": entry["archive"]} if entry["archive"] else {}),
        },
        "label": entry["label"],
        "probabilities": entry["probabilities"],
        "decision": {"action": given[0], "reasons": given[1]} if given[0] else None,
        "rows": entry["row_count"],
        "bad_rows": entry["bad_row_count"],
        "reason": entry["reason"],
        "models": {
            role: {"version": version, "dataset_version": datasets.get(role)}
            for role, version in entry["models"].items()
        },
    }
