"""What is said of rows of an inbox table beside their scores, and where nothing may be scored.

Values may lie far outside of those that the model was trained on, and numbers may have had to be
assumed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonoflow.errors import TableRejected
from sonoflow.tables import ranges
from sonoflow.tables.layout import RowLayout
from sonoflow.tables.reader import Block
from sonoflow.tables.table import Table

SHIFTED_ROWS = 5  # of rows whose columns are named, fewer may be as they are
NAMED_LIMIT = 5  # features that a flag names


class Flags:
    """Of the rows of one table, block by block."""

    def __init__(self, table: Table, layout: RowLayout) -> None:
        self._table = table
        self._layout = layout
        self._rows = 0
        self._shifted = 0

    def of(self, block: Block) -> list[str]:
        """The flag of each usable row of the next block, empty where there is nothing to say.

        Raises TableRejected (columns-shifted) where most rows so far, of those before too, seem to
        hold their values in other columns.
        """
        flags = [self._layout.assumed] * len(block.ids)
        if self._table.ranges is None:
            return flags
        outside = self._table.ranges.far_outside(block.values)
        self._rows += len(flags)
        self._shifted += int(ranges.are_shifted(outside).sum())
        enough = self._shifted >= SHIFTED_ROWS or not self._layout.header
        if 2 * self._shifted > self._rows and enough:
            raise self._rejection()
        before = f"{self._layout.assumed} | " if self._layout.assumed else ""
        for row in np.flatnonzero(outside.any(axis=1)).tolist():
            flags[row] = before + _outside(outside[row], self._table.features)
        return flags

    def _rejection(self) -> TableRejected:
        hint = "do the columns stand as in training? Add a header that names them"
        if self._layout.header:
            hint = "are they in other units, or standardised?"
        detail = (
            f"{self._shifted} of {self._rows} rows lie far outside of what the model was trained"
            f" on, in many features each: {hint}"
        )
        return TableRejected("columns-shifted", detail)


def _outside(row: NDArray[np.bool_], features: Sequence[str]) -> str:
    named = [features[at] for at in np.flatnonzero(row).tolist()]
    more = f"; {len(named) - NAMED_LIMIT} more" if len(named) > NAMED_LIMIT else ""
    return f"outside-range: {'; '.join(named[:NAMED_LIMIT])}{more}"
