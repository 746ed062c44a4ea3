"""A batch's part: what has become of its items so far, for whoever goes on with it.

It is written before each item, with the item's name, so that a function that is killed has left
what it did, and by what it was killed.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from sonoflow.aws import objects
from sonoflow.bulk.items import Batch
from sonoflow.bulk.rows import FINAL, Row


@dataclasses.dataclass
class Part:
    """Of one batch; `rows` and `begun` by path."""

    bucket: str
    key: str
    digest: str  # of what the batch asks for: another plan's part is of no use
    run: str  # the execution that counts `begun`
    rows: dict[str, Row] = dataclasses.field(default_factory=dict)
    begun: dict[str, int] = dataclasses.field(default_factory=dict)

    @classmethod
    def open(cls, bucket: str, key: str, batch: Batch, run: str) -> Part:
        """As an earlier invocation has left it. Counts of another execution are forgotten."""
        found: dict[str, Any] | None = objects.find_json(bucket, key)
        digest = batch.digest()
        if found is None or found["digest"] != digest:
            return cls(bucket, key, digest, run)
        begun = found["begun"] if found["run"] == run else {}
        return cls(bucket, key, digest, run, found["rows"], begun)

    def begin(self, path: str) -> None:
        """Notes that an item is begun, and what is done so far."""
        self.begun[path] = self.begun.get(path, 0) + 1
        self.write()

    def end(self, path: str, row: Row) -> None:
        self.rows[path] = row
        del self.begun[path]

    def is_settled(self, path: str) -> bool:
        return path in self.rows and self.rows[path]["outcome"] in FINAL

    def write(self) -> None:
        document = {
            "digest": self.digest,
            "run": self.run,
            "rows": self.rows,
            "begun": self.begun,
        }
        objects.write_json(self.bucket, self.key, document)
