"""What became of an object in the inbox."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

PREDICTED, REJECTED, SKIPPED = "predicted", "rejected", "skipped"


@dataclasses.dataclass(frozen=True)
class Outcome:
    kind: str
    rows: int = 0  # of a table, that have a score
    bad_rows: int = 0  # of a table, that have none
    # The line of the index about the answer that stands; of another delivery, if this one skipped.
    entry: Mapping[str, Any] | None = dataclasses.field(default=None, compare=False)
