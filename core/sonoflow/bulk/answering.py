"""Answering a batch of images that a zip or manifest asks for, each as if it had come by itself.

An image of a zip has the zip's version and sequencer, and goes the way of one that was uploaded:
the same objects under the same conditions, told of once. One that a manifest names is answered as
what it is, an object of the inbox. Whatever is done again finds what is done already.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sonoflow import keys
from sonoflow.archives.members import BatchReader, Location
from sonoflow.aws import objects, uploads
from sonoflow.aws.clients import client
from sonoflow.aws.ranged import RemoteObject
from sonoflow.aws.uploads import State, Upload
from sonoflow.bulk.items import Batch, Item
from sonoflow.bulk.parts import Part, Taken
from sonoflow.bulk.rows import OVERTAKEN, REFUSED, WITHDRAWN, Row, failed, of_entry, row
from sonoflow.errors import AnswerLost, ImageRejected, SonoflowError
from sonoflow.inference import announcements, deliveries, image_inbox, inbox
from sonoflow.inference.answers import Overtaken
from sonoflow.inference.outcomes import SKIPPED, Outcome
from sonoflow.settings import Buckets, Predicting
from sonoflow.sweeping import answered

READS_AT_ONCE = 8
# As many failures one after the other are not the images' fault: the rest waits for the next time.
FAILURES_IN_A_ROW = 3
# An image that has ended its function as often is left alone.
KILLS = 3
_KILLED = "the function that answered it was killed, or ran out of time or memory"
_EXPECTED = (SonoflowError, ClientError, BotoCoreError, OSError)


@dataclasses.dataclass
class Round:
    """What one invocation has done, and what is left to do."""

    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    failed: int = 0  # in this round
    left: int = 0  # neither answered nor given up
    waiting: bool = False  # there is no model yet
    overtaken: bool = False  # the zip or manifest was deleted or replaced, or its batch taken
    reason: str = ""  # the kind of the last failure; its text may quote a name


class Answering:
    """One batch of an upload, in one invocation."""

    def __init__(
        self,
        upload: Upload,
        batch: Batch,
        part: Part,
        buckets: Buckets,
        settings: Predicting,
    ) -> None:
        self._upload, self._batch, self._part = upload, batch, part
        self._buckets, self._settings = buckets, settings
        self._round = Round()

    def run(self, has_time: Callable[[], bool]) -> Round:
        """As much as there is time for; one item at least. Errors of the part itself escape."""
        try:
            self._work(has_time)
        except Taken:
            self._round.overtaken = True
        return self._round

    def _work(self, has_time: Callable[[], bool]) -> None:
        """Raises Taken."""
        if uploads.state(self._upload) is not State.PRESENT:
            self._round.overtaken = True
            return
        self._give_up()
        pending = self._pending()
        with concurrent.futures.ThreadPoolExecutor(READS_AT_ONCE) as pool:
            places = [item.place for item in pending if item.place is not None]
            reader = BatchReader(RemoteObject(self._upload), places, pool)
            in_a_row = 0
            for number, item in enumerate(pending):
                if number and not has_time():
                    break
                in_a_row = 0 if self._settle(item, reader) else in_a_row + 1
                if self._round.waiting or in_a_row == FAILURES_IN_A_ROW:
                    break
        self._part.write()
        self._round.left = len(self._pending())

    def _pending(self) -> list[Item]:
        """Those last that an earlier invocation failed at, or was killed by."""
        tried = self._part.tried
        pending = [item for item in self._batch.items if self._is_pending(item)]
        return sorted(pending, key=lambda item: item.path in tried)

    def _is_pending(self, item: Item) -> bool:
        return not self._part.is_settled(item.path) and not self._is_given_up(item)

    def _is_given_up(self, item: Item) -> bool:
        return self._part.begun.get(item.path, 0) >= KILLS

    def _give_up(self) -> None:
        for item in self._batch.items:
            if self._is_given_up(item):
                self._part.rows[item.path] = failed(item.path, item.line, _KILLED)

    def _settle(self, item: Item, reader: BatchReader) -> bool:
        """Whether it was: an image that fails does not stop the others."""
        self._part.begin(item.path)
        try:
            found = self._row(item, reader)
        except _EXPECTED as error:
            if deliveries.lacks_model(error):
                self._round.waiting = True
                del self._part.begun[item.path]
                return False
            self._round.failed, self._round.reason = self._round.failed + 1, type(error).__name__
            self._part.end(item.path, failed(item.path, item.line, deliveries.reason(error)))
            return False
        self._part.end(item.path, found)
        return True

    def _row(self, item: Item, reader: BatchReader) -> Row:
        if item.line is not None:
            return self._of_object(item)
        upload = dataclasses.replace(
            self._upload,
            key=f"{keys.INBOX}{item.path}",
            size=item.place.size if item.place else 0,
            archive=self._upload.key,
        )
        if item.withdrawn:
            return self._withdrawn(upload, item)
        self._round.outcomes.append(self._of_member(upload, item, reader))
        told = announcements.announce(upload, self._buckets.results_bucket)
        return _settled(item, upload, told)

    def _withdrawn(self, upload: Upload, item: Item) -> Row:
        """Only what an earlier version of the zip has left: the folder may hold uploads too."""
        results = self._buckets.results_bucket
        for key in (keys.prediction(item.path), keys.rejection(item.path)):
            document = objects.find_json(results, key)
            if document is not None and document["image"].get("archive") == upload.archive:
                try:
                    image_inbox.withdraw(upload, results)
                except Overtaken:
                    return row(item.path, OVERTAKEN)
                return row(item.path, WITHDRAWN)
        return row(item.path, OVERTAKEN)

    def _of_member(self, upload: Upload, item: Item, reader: BatchReader) -> Outcome:
        results, place = self._buckets.results_bucket, item.place
        try:
            if place is None:
                problem = item.problem or ("corrupt", "nobody knows where it lies in the zip")
                return image_inbox.reject(upload, results, ImageRejected(*problem))
            return image_inbox.handle(
                upload, results, self._settings, lambda _: _read(reader, item.member or "", place)
            )
        except Overtaken:
            return Outcome(SKIPPED)

    def _of_object(self, item: Item) -> Row:
        """Of its newest version, as a sweep would have it answered."""
        named = Upload(self._upload.bucket, f"{keys.INBOX}{item.path}", None, 0)
        try:
            head = client("s3").head_object(Bucket=named.bucket, Key=named.key)
        except ClientError as error:
            if not objects.is_missing(error):
                raise
            detail = "there is no such object, or it was deleted"
            return row(item.path, REFUSED, item.line, reason="not-found", detail=detail)
        version = head.get("VersionId")
        results = self._buckets.results_bucket
        own, others = answered.sequencers(results, named.key, str(version))
        sequencer = own or uploads.sequencer_after(others)
        upload = dataclasses.replace(
            named, version_id=version, size=head["ContentLength"], sequencer=sequencer
        )
        outcome = inbox.handle(upload, self._buckets, self._settings)
        self._round.outcomes.append(outcome)
        return _settled(item, upload, outcome.entry)


def _settled(item: Item, upload: Upload, entry: Mapping[str, Any] | None) -> Row:
    """The row of the answer that stands. Raises AnswerLost where there is none, though the version
    is the newest: another delivery is at work on it, and may be killed yet."""
    if entry is None and uploads.state(upload) is State.PRESENT:
        raise AnswerLost("another delivery is answering it, and has not ended")
    return of_entry(item.path, entry, item.line)


def _read(reader: BatchReader, name: str, place: Location) -> bytes:
    """Raises ImageRejected, and Overtaken if the zip is gone."""
    try:
        return reader.read(name, place)
    except ClientError as error:
        if objects.is_missing(error):
            raise Overtaken("the zip is gone") from error
        raise
