"""What a sweep leaves for the next one: how far it came, and what it has delivered again."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.clients import client

# What nothing comes of is delivered again after the grace time, then after four times as long, and
# so on: five times within the days that are looked at, by the hour.
GROWTH = 4
KEPT_SECONDS = 30 * 86400
_NOT_MET = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


@dataclasses.dataclass
class State:
    """Of one stack, in its work bucket."""

    after: str | None = None  # the key after which the next sweep goes on
    sent: dict[str, list[float]] = dataclasses.field(default_factory=dict)  # version: times, when
    etag: str | None = None

    @classmethod
    def read(cls, work: str) -> State:
        try:
            answer = client("s3").get_object(Bucket=work, Key=keys.SWEEP)
        except ClientError as error:
            if objects.is_missing(error):
                return cls()
            raise
        document: dict[str, Any] = json.loads(answer["Body"].read())
        return cls(document["after"], document["sent"], answer["ETag"])

    def is_due(self, version_id: str, grace: float) -> bool:
        """Whether a version that nothing has come of may be delivered again; `grace` in seconds."""
        times, last = self.sent.get(version_id, (0, 0.0))
        wait: float = grace * GROWTH**times
        return time.time() - last >= wait

    def note(self, version_id: str) -> None:
        times, _ = self.sent.get(version_id, (0, 0.0))
        self.sent[version_id] = [times + 1, round(time.time())]

    def write(self, work: str) -> bool:
        """Whether it could be kept: of two sweeps at once, one is forgotten. What it delivered then
        comes again sooner, which changes no answer."""
        known = {
            version: each
            for version, each in self.sent.items()
            if time.time() - each[1] < KEPT_SECONDS
        }
        condition = {"IfNoneMatch": "*"} if self.etag is None else {"IfMatch": self.etag}
        try:
            client("s3").put_object(
                Bucket=work,
                Key=keys.SWEEP,
                Body=objects.json_bytes({"after": self.after, "sent": known}),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_MET:
                raise
            return False
        return True
