"""An inbox key's answer: the objects in the results bucket that belong to one version of it.

An image's answer is a document, a mask and an overlay, a case for review where a person has to
look, and results in DICOM of such; or a rejection. A table's are its scores, and maybe one beside.
S3 changes one object at a time, events repeat and overtake each other, and a function may be killed
between any two calls. Still

- the answer of the newest version stays, whoever writes last: each object carries a stamp, and is
  written only over an older one, by a conditional write;
- what is there belongs together: the object that completes an answer is written last, an older one
  is taken away before the first write, and who finds a newer stamp takes his own objects back;
- a key that is deleted, before or meanwhile, gets no answer.

No step waits for another delivery, so none can be held up by one that died. See
docs/decisions/0019-conditional-answers.md.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sonoflow.aws import objects, uploads
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import State, Upload
from sonoflow.errors import AnswerLost
from sonoflow.inference import origins, standing
from sonoflow.inference.stamps import Stamp
from sonoflow.inference.standing import Found

# S3's words when a condition does not hold, or cannot be judged because of a write at that moment:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_NOT_MET = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
_TRIES = 20  # each failure means that somebody else wrote, who may have to give way himself
_PAUSE_SECONDS = 0.05

# A write, called with its condition; gives S3's answer.
Put = Callable[..., Mapping[str, Any]]


class Overtaken(Exception):
    """There is nothing to answer: this version is answered, or a later one is, or it is gone."""


class Answer:
    """What becomes of one version of one inbox object, as a context.

    Entering raises Overtaken if there is nothing to do. Leaving makes sure that the answer stands
    alone and is still wanted, and raises Overtaken otherwise. Whatever is raised: nothing that was
    written here is left.
    """

    def __init__(
        self,
        upload: Upload,
        results: str,
        completing: Sequence[str],
        parts: Sequence[str] = (),
        beside: Sequence[str] = (),
    ) -> None:
        """An answer consists of some of these keys. Each of `completing` can complete one, the
        first together with all `parts` and those of `beside` that were written before it."""
        self.stamp = Stamp.of(upload)
        self._upload, self.bucket = upload, results
        self._completing, self._parts = tuple(completing), frozenset(parts)
        self._beside = tuple(beside)
        self._keys = (*completing, *parts, *beside)
        self._written: dict[str, str | None] = {}  # key: the version that was made, if known
        self._was_there = False
        self.models: dict[
            str, str
        ] = {}  # role: version of what it comes of, as soon as it is known

    def __enter__(self) -> Answer:
        state = uploads.state(self._upload)
        if state is State.DELETED:
            # Of this version or an earlier one: whoever was killed had no time to look again.
            for key in self._keys:
                self._remove_earlier(key)
            raise Overtaken("the object is deleted")
        if state is State.REPLACED and self._upload.archive is not None:
            raise Overtaken("there is a later version of its zip, which may not hold it")
        self._was_there = state is not State.ABSENT
        self._leave_if_settled()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._finish()
        except BaseException as raised:
            self._take_back(raised)
            raise
        if error is not None:
            self._take_back(error)

    def metadata(self, *, completes: bool) -> dict[str, str]:
        """Of an object of this answer; `completes`: it is the last one."""
        last = {standing.COMPLETES: "true"} if completes else {}
        if completes and (there := [key in self._written for key in self._beside]) and any(there):
            last[standing.BESIDE] = " ".join(str(at) for at, done in enumerate(there) if done)
        return {**self.stamp.metadata(), **origins.metadata(self.models), **last}

    def label(self) -> str:
        """What tells the bytes of this answer's objects from those of any other."""
        return f"{self.stamp.version_id} {self.stamp.sequencer} {self.stamp.attempt}"

    def write(self, key: str, body: bytes, content_type: str, *, completes: bool = False) -> None:
        """Writes an object of the answer. Raises Overtaken."""
        put = functools.partial(
            client("s3").put_object,
            Bucket=self.bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            Metadata=self.metadata(completes=completes),
        )
        self.put(key, put)

    def write_json(self, key: str, document: Any, *, completes: bool = False) -> None:
        """The same for a JSON document."""
        self.write(key, objects.json_bytes(document), "application/json", completes=completes)

    def put(self, key: str, put: Put, *, again: bool = True) -> None:
        """The same for an object that is written otherwise, with the answer's `metadata`.

        Unless `put` can be called `again`, an earlier object that comes between is an error.
        """
        if not self._written:
            # No document may be seen next to a mask that is not its own.
            for document in (*self._completing, *self._beside):
                self._remove_earlier(document)
        self._written[key] = None
        known = None if again else self._earlier(key)
        for left in range(_TRIES if again else 1, 0, -1):
            condition = {"IfNoneMatch": "*"} if known is None else {"IfMatch": known.etag}
            try:
                self._written[key] = put(**condition).get("VersionId")
                return
            except ClientError as error:
                if not _is_not_met(error):
                    raise
                known = self._earlier(key)
                if known is not None and known.stamp == self.stamp:
                    return  # its own, by a write whose answer was lost on the way
                if left == 1:
                    raise
            if left < _TRIES:  # the first time only says that something is there
                time.sleep(random.uniform(0, _PAUSE_SECONDS))  # noqa: S311

    def _leave_if_settled(self) -> None:
        """Raises Overtaken if this version, or a later one, already has its answer."""
        found = [item for key in self._completing if (item := self._find(key)) and item.completes]
        mine = [item.stamp for item in found if item.stamp.is_of_version(self.stamp)]
        if any(self._is_later(item.stamp) for item in found if item.stamp not in mine):
            self._clear()
            raise Overtaken("a later version is answered")
        if mine and self._is_whole(mine[0]):
            raise Overtaken("this version is answered")

    def _is_whole(self, stamp: Stamp) -> bool:
        """Killed attempts leave parts of one answer beside another one, or an answer without."""
        present = {key: found for key in self._keys if (found := self._find(key))}
        if any(found.stamp != stamp for found in present.values()):
            return False
        document = present.get(self._completing[0])
        if document is None:
            return True
        if any(key not in present for at, key in enumerate(self._beside) if at in document.beside):
            return False
        return present.keys() >= self._parts

    def _finish(self) -> None:
        """Who writes looks for what to remove afterwards, and so does who removes: of two
        deliveries that meet, one at least sees the other's objects."""
        for key in self._keys:
            if key not in self._written:
                self._remove_earlier(key)
            elif key in (*self._parts, *self._beside) and not self._stands(key):
                there = [self._earlier(complete) for complete in self._completing]
                if key in self._beside and not any(there):
                    continue  # a later one takes away documents first, then this, then writes
                raise AnswerLost(f"{key!r} was removed while its answer was being written")
        gone = [State.DELETED, State.ABSENT]
        if self._upload.archive is not None:
            gone.append(State.REPLACED)  # nobody else takes it back, if the later zip has it not
        if self._was_there and uploads.state(self._upload) in gone:
            raise Overtaken("the object was deleted meanwhile")

    def withdraw(self) -> None:
        """Removes what is there of earlier versions, where this one has nothing to answer. Raises
        Overtaken if there is anything later."""
        for key in self._keys:
            self._remove_earlier(key)

    def _remove_earlier(self, key: str) -> None:
        """Whatever is at a key. Raises Overtaken."""
        while (found := self._earlier(key)) is not None:
            self._remove(key, found)

    def _earlier(self, key: str) -> Found | None:
        """What is at a key. Raises Overtaken if it is of a later version or attempt."""
        found = self._find(key)
        if found is not None and self._is_later(found.stamp):
            raise Overtaken("a later delivery answers meanwhile")
        return found

    def _is_later(self, stamp: Stamp) -> bool:
        """Whether what has that stamp stays, and this answer gives way.

        A sweep makes a sequencer of its own, which may not be compared with S3's of an event that
        was late. But it takes the newest version alone, so that S3 can be asked instead.
        """
        swept = any(uploads.is_swept(each.sequencer) for each in (stamp, self.stamp))
        if swept and not stamp.is_of_version(self.stamp):
            return uploads.state(self._upload) is State.REPLACED
        return stamp > self.stamp

    def _remove(self, key: str, found: Found) -> None:
        """That object; one that has taken its place stays."""
        try:
            client("s3").delete_object(Bucket=self.bucket, Key=key, IfMatch=found.etag)
        except ClientError as error:
            if not _is_not_met(error):
                raise

    def _take_back(self, reason: BaseException) -> None:
        """What was written goes again, and earlier versions' objects below it; what is later stays,
        even where it lies below, and so does what another attempt at this version has written.

        Raises an error of S3 where the reason is none that brings the message back.
        """
        failures: list[Exception] = []
        for key, version in reversed(self._written.items()):
            try:
                if version is not None:
                    client("s3").delete_object(Bucket=self.bucket, Key=key, VersionId=version)
                while (found := self._find(key)) is not None and self._is_to_go(found.stamp):
                    self._remove(key, found)
            except (ClientError, BotoCoreError) as error:
                reason.add_note(f"{key!r} may be left behind: {error!r}")
                failures.append(error)
        if failures and isinstance(reason, Overtaken):
            raise failures[0]

    def _is_to_go(self, stamp: Stamp) -> bool:
        another = not stamp.is_of_version(self.stamp)
        return stamp == self.stamp or (another and not self._is_later(stamp))

    def _stands(self, key: str) -> bool:
        """Whether this answer's object is there. Raises Overtaken."""
        found = self._earlier(key)
        return found is not None and found.stamp == self.stamp

    def _clear(self) -> None:
        """What an attempt at this version that was killed half way has left."""
        for key in self._keys:
            found = self._find(key)
            if found is not None and found.stamp.is_of_version(self.stamp):
                self._remove(key, found)

    def _find(self, key: str) -> Found | None:
        return standing.find(self.bucket, key)


def _is_not_met(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in _NOT_MET
