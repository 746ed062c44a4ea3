"""What rows that are set aside say of a whole file: that it is several tables, or exports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.tables.numbers import Notation
from sonoflow.tables.rows import JOINED, OTHERWISE, BadRow
from sonoflow.tables.statistics import Statistics

_BELOW = 2  # rows of another width, below words of that width, are another table's
_APART = 3  # lines between these
_FEW = 3  # rows that are written otherwise by mistake
_REFUSED_SHARE, _LEFT_OUT_SHARE = 0.1, 0.1


class Joins:
    """Watches the rows that cannot be used, in the order of the file."""

    def __init__(self) -> None:
        self._header: BadRow | None = None  # words, in more or fewer cells than there should be
        self._below = 0

    def check(self, bad: Iterable[BadRow]) -> None:
        """Raises DatasetRefused (tables-joined) where another table begins."""
        for row in bad:
            if row.reason == JOINED:
                detail = f"line {row.line}: {row.detail}. Upload them one by one"
                raise DatasetRefused(JOINED, detail)
            if row.words:
                self._header, self._below = row, 0
            elif self._goes_on(row):
                self._below += 1
                if self._below == _BELOW:
                    raise self._refused()
            else:
                self._header = None

    def _goes_on(self, row: BadRow) -> bool:
        header = self._header
        if header is None or row.cells != header.cells:
            return False
        return row.line <= header.line + self._below + _APART

    def _refused(self) -> DatasetRefused:
        line = self._header.line if self._header else 0
        detail = f"line {line}: the names of other columns, and rows of as many cells below"
        return DatasetRefused(JOINED, f"{detail}: two tables are joined. Upload them one by one")


def written_otherwise(
    statistics: Statistics, notation: Notation, mapping: Mapping[str, Any]
) -> list[Assumption]:
    """What is to be said of rows whose numbers are written in another way. Raises DatasetRefused
    (decimal-unclear) where they are a tenth: exports of two programs, and which is right?"""
    rows = statistics.quarantine[OTHERWISE]
    if not rows or "decimal" in mapping or "thousands" in mapping:
        return []
    settle = json.dumps({"decimal": notation.decimal})
    marks = {".": "points", ",": "commas"}
    told = (
        f"{rows} rows, the first in line {statistics.examples[OTHERWISE].line}, hold numbers that"
        f" are written otherwise than those with decimal {marks[notation.decimal]}"
    )
    if rows >= _REFUSED_SHARE * (rows + statistics.rows):
        detail = f"{told}: export the whole table in one way, or leave these rows out, {settle}"
        raise DatasetRefused("decimal-unclear", detail)
    if rows < _FEW:
        return []  # a slip, of which its line tells
    return [Assumption(OTHERWISE, f"{told}; they are left out", settle)]


def left_out(statistics: Statistics) -> list[Assumption]:
    """Says first where a tenth of the rows cannot be used: the others may be none like them."""
    aside = statistics.quarantine.total()
    whole = aside + statistics.rows
    if aside < _LEFT_OUT_SHARE * whole:
        return []
    reason, times = statistics.quarantine.most_common(1)[0]
    first = statistics.examples[reason]
    detail = f"{aside} of {whole} rows are left out, {times} of them as {reason}"
    return [Assumption("rows-left-out", f"{detail} (line {first.line}: {first.detail})", "")]
