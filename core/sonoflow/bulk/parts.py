"""A batch's part: what has become of its items so far, for whoever goes on with it.

It is written before each item, with the item's name, so that a function that is killed has left
what it did, and by what it was killed. Whoever opens it last holds it: an execution that was
stopped leaves functions behind that still run, and two at one image would both tell of it.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.bulk.items import Batch
from sonoflow.bulk.rows import FINAL, Row

_TRIES = 10
_NOT_MET = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})


class Taken(Exception):
    """Another function has opened the part since: the batch is that one's."""


@dataclasses.dataclass
class Part:
    """Of one batch; `rows` and `begun` by path."""

    bucket: str
    key: str
    digest: str  # of what the batch asks for: another plan's part is of no use
    run: str  # the execution that counts `begun`
    rows: dict[str, Row] = dataclasses.field(default_factory=dict)
    begun: dict[str, int] = dataclasses.field(default_factory=dict)
    tried: frozenset[str] = frozenset()  # begun and not ended, or failed, by whomever
    etag: str | None = None
    # Makes the bytes differ from those of any other holder, so that the ETag does.
    holder: str = dataclasses.field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def open(cls, bucket: str, key: str, batch: Batch, run: str) -> Part:
        """As it was left, and held from now on. Counts of another execution are forgotten."""
        for _ in range(_TRIES):
            part = cls._read(bucket, key, batch.digest(), run)
            try:
                part.write()
                return part
            except Taken:
                continue
        raise Taken(key)

    @classmethod
    def _read(cls, bucket: str, key: str, digest: str, run: str) -> Part:
        try:
            answer = client("s3").get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if objects.is_missing(error):
                return cls(bucket, key, digest, run)
            raise
        found: dict[str, Any] = json.loads(answer["Body"].read())
        if found["digest"] != digest:
            return cls(bucket, key, digest, run, etag=answer["ETag"])
        failed = (path for path, row in found["rows"].items() if row["outcome"] not in FINAL)
        tried = frozenset((*found["begun"], *failed))
        begun = found["begun"] if found["run"] == run else {}
        return cls(bucket, key, digest, run, found["rows"], begun, tried, answer["ETag"])

    def begin(self, path: str) -> None:
        """Notes that an item is begun, and what is done so far. Raises Taken."""
        self.begun[path] = self.begun.get(path, 0) + 1
        self.write()

    def end(self, path: str, row: Row) -> None:
        self.rows[path] = row
        del self.begun[path]

    def is_settled(self, path: str) -> bool:
        return path in self.rows and self.rows[path]["outcome"] in FINAL

    def write(self) -> None:
        """Raises Taken."""
        names = ("digest", "run", "rows", "begun", "holder")
        document = {name: getattr(self, name) for name in names}
        condition = {"IfNoneMatch": "*"} if self.etag is None else {"IfMatch": self.etag}
        data = objects.json_bytes(document)
        try:
            answer = client("s3").put_object(
                Bucket=self.bucket,
                Key=self.key,
                Body=data,
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_MET:
                raise
            answer = self._own(data)
            if answer is None:
                raise Taken(self.key) from error
        self.etag = answer["ETag"]

    def _own(self, data: bytes) -> Mapping[str, Any] | None:
        """The object, where it is this very write: S3 took it, and its answer was lost, so that the
        SDK asked again."""
        try:
            answer = client("s3").get_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            if objects.is_missing(error):
                return None
            raise
        return answer if answer["Body"].read() == data else None
