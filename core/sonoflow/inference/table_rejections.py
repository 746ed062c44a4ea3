"""The document that says which rows of an inbox table have no score, and why."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

from sonoflow.aws.uploads import Upload
from sonoflow.errors import TableRejected
from sonoflow.inference import documents
from sonoflow.tables.rows import BadRow

LISTED_LIMIT = 10_000  # rows; all are counted


class Tally:
    """Rows of one table, as they are read."""

    def __init__(self) -> None:
        self.rows = 0  # that are scored
        self.reasons: collections.Counter[str] = collections.Counter()  # of those that are not
        self.listed: list[BadRow] = []
        self.rejection: TableRejected | None = None  # of the table as a whole

    @property
    def bad_rows(self) -> int:
        return self.reasons.total()

    def count(self, rows: int, bad: Sequence[BadRow]) -> None:
        self.rows += rows
        for row in bad:
            self.reasons[row.reason] += row.rows
        self.listed += bad[: LISTED_LIMIT - len(self.listed)]

    def reject(self, rejection: TableRejected) -> None:
        """Nothing of the table is scored."""
        self.rows, self.rejection = 0, rejection


def document(upload: Upload, tally: Tally) -> dict[str, Any]:
    whole = tally.rejection
    return {
        **documents.head(),
        "table": upload.facts(),
        **({"reason": whole.reason, "detail": whole.detail} if whole else {}),
        "rows": tally.rows,
        "bad_rows": tally.bad_rows,
        "reasons": dict(sorted(tally.reasons.items())),
        "listed": [row.document() for row in tally.listed],
        "sequencer": upload.sequencer,
        "time": documents.now(),
    }
