"""What is to be answered of a zip or manifest, and the execution that does it."""

from __future__ import annotations

import collections
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.aws import objects, uploads
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.bulk import archives, items, manifests, summaries
from sonoflow.bulk.rows import Row
from sonoflow.errors import BulkRejected
from sonoflow.inference import announcements, documents
from sonoflow.inference.answers import Overtaken
from sonoflow.keys import Bulk
from sonoflow.settings import Buckets, BulkPlanning
from sonoflow.sweeping import answered

STARTED, KNOWN, REJECTED, IGNORED = "started", "known", "rejected", "ignored"
_UNDER_WAY = frozenset({"RUNNING", "PENDING_REDRIVE"})


def handle(upload: Upload, buckets: Buckets, settings: BulkPlanning) -> dict[str, Any]:
    """Starts the execution that answers an upload, or leaves a rejection of it; what became of it.

    Nothing is done for a version that is answered or overtaken, that is being answered, or that is
    gone. Errors of the services escape.
    """
    if not keys.is_inbox_bulk(upload.key) or uploads.state(upload) is not uploads.State.PRESENT:
        return {"status": IGNORED}
    machine, bulk = settings.answer_bulk_state_machine_arn, Bulk(upload.key, upload.version_id)
    earlier, name = _attempts(machine, bulk.run)
    if earlier is not None and earlier["status"] in _UNDER_WAY:
        return {"status": KNOWN, "run": earlier["name"]}
    if answered.is_inbox_object(buckets.results_bucket, upload.key, str(upload.version_id)):
        announcements.announce(upload, buckets.results_bucket)
        return {"status": KNOWN}
    try:
        planned = _plan(upload, bulk, buckets)
    except BulkRejected as error:
        return _reject(upload, buckets.results_bucket, error)
    payload = json.loads(earlier["input"]) if earlier else _payload(upload, bulk, buckets)
    payload |= {"run": name, "batches": planned.batches}
    started = _start(machine, name, payload)
    return {"status": STARTED if started else KNOWN, "run": name, **dataclasses.asdict(planned)}


@dataclasses.dataclass(frozen=True)
class Planned:
    """How much there is to do."""

    images: int
    refused: int
    batches: int


def _plan(upload: Upload, bulk: Bulk, buckets: Buckets) -> Planned:
    """Leaves the plan in the work bucket. Raises BulkRejected."""
    work = buckets.work_bucket
    reader = archives if keys.is_inbox_archive(upload.key) else manifests
    found, refused = reader.read(upload)
    images = len(found)
    if images + len(refused) > items.ASKED_LIMIT:
        raise items.too_many(images + len(refused))
    if not images:
        raise BulkRejected("nothing-to-answer", _nothing(refused))
    if keys.is_inbox_archive(upload.key):
        found += archives.left_behind(upload, found, buckets.results_bucket)
    document, batches = items.plan_document(items.cut(found))
    objects.write_lines(work, bulk.refused, refused)
    objects.write(work, bulk.plan, document, "application/json")
    return Planned(images, len(refused), batches)


def _nothing(refused: list[Row]) -> str:
    if not refused:
        return "it holds nothing"
    reasons = collections.Counter(row["reason"] for row in refused)
    reason, times = reasons.most_common(1)[0]
    first = next(row for row in refused if row["reason"] == reason)
    where = first["path"] if first["line"] is None else f"line {first['line']}"
    return f"nothing in it can be answered, {times} × {reason} ({where}: {first['detail']})"


def _reject(upload: Upload, results: str, error: BulkRejected) -> dict[str, Any]:
    try:
        with summaries.answer(upload, results) as answer:
            key = keys.rejection(keys.inbox_path(upload.key))
            answer.write_json(key, documents.rejection(upload, error), completes=True)
    except Overtaken:
        return {"status": KNOWN}
    announcements.announce(upload, results)
    return {"status": REJECTED, "reason": error.reason}


def _payload(upload: Upload, bulk: Bulk, buckets: Buckets) -> dict[str, Any]:
    """The same for every delivery of a version, but for the sequencer, which is S3's or a
    sweep's."""
    return {
        "upload": {**upload.facts(), "sequencer": upload.sequencer},
        "plan": {"bucket": buckets.work_bucket, "key": bulk.plan},
    }


def _attempts(machine: str, run: str) -> tuple[Mapping[str, Any] | None, str]:
    """The latest execution for a version, and what the next is called."""
    latest, name, number = None, run, 1
    while (found := _find(machine, name)) is not None:
        latest, number = found, number + 1
        name = f"{run}-{number}"
    return latest, name


def _find(machine: str, name: str) -> Mapping[str, Any] | None:
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    try:
        found: Mapping[str, Any] = client("stepfunctions").describe_execution(executionArn=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return None
        raise
    return found


def _start(machine: str, name: str, payload: Mapping[str, Any]) -> bool:
    """Whether it was started; another delivery may have been quicker."""
    text = json.dumps(payload, ensure_ascii=False)
    try:
        client("stepfunctions").start_execution(stateMachineArn=machine, name=name, input=text)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
            return False
        raise
    return True
