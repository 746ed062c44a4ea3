"""What became of an object in the inbox."""

from __future__ import annotations

import dataclasses

PREDICTED, REJECTED, SKIPPED = "predicted", "rejected", "skipped"


@dataclasses.dataclass(frozen=True)
class Outcome:
    kind: str
    rows: int = 0  # of a table, that have a score
    bad_rows: int = 0  # of a table, that have none
