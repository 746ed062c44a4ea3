"""Uploads that nothing has come of, delivered again.

S3's event of an upload may be lost: in the first minutes after a deployment, while a rule is
changed, or with a queue that was purged. Whoever uploaded waits for ever then, and nobody knows. So
what lies there is looked through now and then, by the hour or as a person asks. An upload that is
on its way still may be delivered twice by that, which changes no answer.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from sonoflow import keys, sidecar
from sonoflow.aws import uploads
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.settings import Buckets, Sweeping
from sonoflow.sweeping import answered, events
from sonoflow.sweeping.state import State

# Longer than a message is kept in a queue: what was lost there is still looked at afterwards.
DAYS = 8
SECONDS = 600.0  # of one sweep; the next goes on after it
DELIVERIES_LIMIT = 1000  # of one sweep
_AT_ONCE = 16
DATASETS, EXTERNAL, BULK = "datasets", "external", "bulk"  # of which planners hear, without a queue
IMAGES, TABLES = "images", "tables"
PLANNED = (DATASETS, EXTERNAL, BULK)
_DEPTHS = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]


@dataclasses.dataclass(frozen=True)
class Where:
    """What an event tells of its account, and the partition of its ARNs."""

    partition: str
    account: str
    region: str


@dataclasses.dataclass(frozen=True)
class Order:
    """What a sweep is to do. A person's own looks at all uploads, whenever they were made, and
    delivers again without a pause between two times."""

    grace_seconds: float
    by_hand: bool = False
    dry_run: bool = False
    after: str | None = None  # the key after which to go on


@dataclasses.dataclass
class Result:
    """What came of a sweep. `after` is the key after which the next goes on, if it did not come to
    the end."""

    seen: int = 0
    unanswered: list[str] = dataclasses.field(default_factory=list)
    sent: int = 0
    held_back: int = 0  # by a queue that may hold them still, or because they were sent lately
    after: str | None = None


class Sweep:
    def __init__(self, buckets: Buckets, settings: Sweeping, where: Where, order: Order) -> None:
        self._buckets, self._settings = buckets, settings
        self._where, self._order = where, order
        machines = (
            settings.train_images_state_machine_arn,
            settings.train_table_state_machine_arn,
            settings.validate_external_state_machine_arn,
        )
        self._datasets = answered.Datasets(buckets.work_bucket, machines)
        self.result = Result()

    def run(self) -> Result:
        """Errors of the services escape; what was delivered until then stays so."""
        state = State.read(self._buckets.work_bucket)
        after = self._order.after if self._order.by_hand else state.after
        unanswered = self._unanswered(after)
        self.result.unanswered = [upload["Key"] for upload in unanswered]
        try:
            self._deliver(unanswered, state)
        finally:
            if not self._order.dry_run:
                if not self._order.by_hand:
                    state.after = self.result.after
                state.write(self._buckets.work_bucket)
        return self.result

    def _unanswered(self, after: str | None) -> list[dict[str, Any]]:
        """The newest versions of keys after that one that nothing has come of, as many as one sweep
        may deliver, of as many as there is time for."""
        found: list[dict[str, Any]] = []
        end = time.monotonic() + SECONDS
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            for last, page in self._pages(after):
                self.result.seen += len(page)
                done = pool.map(self._has_come_of, page)
                found += [upload for upload, come in zip(page, done, strict=True) if not come]
                if len(found) >= DELIVERIES_LIMIT or time.monotonic() > end:
                    self.result.after = last
                    break
        return found

    def _pages(self, after: str | None) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
        """What is to be looked at of each page of the bucket's keys after that one, and the page's
        last key; None where it is the last page.

        The newest version of a key is listed before its others, so a page may end between them.
        """
        marker = {} if after is None else {"KeyMarker": after}
        bucket = self._settings.uploads_bucket
        while True:
            page = client("s3").list_object_versions(Bucket=bucket, **marker)
            listed = page.get("Versions", [])
            wanted = [{**each, "Bucket": bucket} for each in listed if self._is_wanted(each)]
            if not page["IsTruncated"]:
                yield None, wanted
                return
            yield page["NextKeyMarker"], wanted
            marker = {
                "KeyMarker": page["NextKeyMarker"],
                "VersionIdMarker": page["NextVersionIdMarker"],
            }

    def _is_wanted(self, version: Mapping[str, Any]) -> bool:
        """Whether something should have come of it by now."""
        key, written = version["Key"], version["LastModified"]
        age = (datetime.datetime.now(datetime.UTC) - written).total_seconds()
        return (
            version["IsLatest"]
            and key.startswith((keys.DATASETS, keys.EXTERNAL, keys.INBOX))
            and not key.endswith("/")
            and not sidecar.is_mapping(key)
            and age >= self._order.grace_seconds
            and (self._order.by_hand or age <= DAYS * 86400)
        )

    def _has_come_of(self, upload: Mapping[str, Any]) -> bool:
        if _kind(upload["Key"]) in (DATASETS, EXTERNAL):
            return self._datasets.has_come_of(upload)
        results = self._buckets.results_bucket
        return answered.is_inbox_object(results, upload["Key"], upload["VersionId"])

    def _deliver(self, unanswered: list[dict[str, Any]], state: State) -> None:
        for kind in (*PLANNED, IMAGES, TABLES):
            these = [upload for upload in unanswered if _kind(upload["Key"]) == kind]
            if not these:
                continue
            if self._may_wait_in_its_queue(kind, len(these)):
                self.result.held_back += len(these)
                continue
            for upload in these:
                due = state.is_due(upload["VersionId"], self._order.grace_seconds)
                if not (due or self._order.by_hand):
                    self.result.held_back += 1
                elif not self._order.dry_run and self._send(kind, upload):
                    state.note(upload["VersionId"])
                    self.result.sent += 1

    def _may_wait_in_its_queue(self, kind: str, unanswered: int) -> bool:
        """Nobody can look into a queue. One that holds fewer messages than there are unanswered
        uploads does not hold all of them."""
        if kind in PLANNED:
            return False
        found = client("sqs").get_queue_attributes(
            QueueUrl=self._queue(kind), AttributeNames=_DEPTHS
        )["Attributes"]
        return sum(int(found[name]) for name in _DEPTHS) >= unanswered

    def _queue(self, kind: str) -> str:
        settings = self._settings
        return settings.table_inbox_queue_url if kind == TABLES else settings.inbox_queue_url

    def _send(self, kind: str, upload: Mapping[str, Any]) -> bool:
        """As the rule would; whether it is still the newest version of its key, and was sent."""
        sequencer = self._sequencer(kind, upload)
        # After the look at the answers: whatever else is there is of an earlier version, then.
        named = Upload(upload["Bucket"], upload["Key"], upload["VersionId"], upload["Size"])
        if uploads.state(named) is not uploads.State.PRESENT:
            return False
        event = events.created(upload, sequencer, *dataclasses.astuple(self._where))
        body = json.dumps(event)
        if kind in PLANNED:
            for function in self._planners(kind):
                client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=body)
        else:
            client("sqs").send_message(QueueUrl=self._queue(kind), MessageBody=body)
        return True

    def _planners(self, kind: str) -> list[str]:
        """Whom the rules tell of it. Whose an upload below datasets/ is, its mapping decides."""
        settings = self._settings
        if kind == BULK:
            return [settings.plan_bulk_function_name]
        if kind == EXTERNAL:
            return [settings.plan_external_function_name]
        return [settings.plan_dataset_function_name, settings.plan_external_function_name]

    def _sequencer(self, kind: str, upload: Mapping[str, Any]) -> str:
        if kind in (DATASETS, EXTERNAL):  # no answer of theirs is put in order by it
            return uploads.sequencer_after([])
        results = self._buckets.results_bucket
        own, others = answered.sequencers(results, upload["Key"], upload["VersionId"])
        return own or uploads.sequencer_after(others)


def _kind(key: str) -> str:
    if key.startswith(keys.DATASETS):
        return DATASETS
    if key.startswith(keys.EXTERNAL):
        return EXTERNAL
    if keys.is_inbox_bulk(key):
        return BULK
    return TABLES if keys.is_inbox_table(key) else IMAGES
