"""Rows that repeat an earlier row's measures under another id, or in a table without ids.

A copy would train and measure. Only rows with some fractions are compared: of grades and counts
two patients may have the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.tables import codings
from sonoflow.tables.duplicates import Seen
from sonoflow.tables.rows import BadRow
from sonoflow.tables.statistics import Statistics

COPY, CONTRADICTION = "duplicate-row", "contradicting-row"
COMPARED_ROWS = 2_000_000  # what is remembered of more would not fit beside their ids
_FRACTIONS = 3  # values of a row; fewer may be the same by chance
_FEW, _REFUSED_SHARE = 3, 0.01  # contradicting rows, and their share of all


class Copies:
    """The rows so far. `given` says of labels which class they are."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._seen, self._given, self._rows = Seen(), given, 0

    def add(
        self, labels: Sequence[str], values: NDArray[np.float64], lines: NDArray[np.int64]
    ) -> dict[int, BadRow]:
        """Takes the next rows, (n,) and (n, features); gives those that are copies, by position."""
        room = COMPARED_ROWS - self._rows
        self._rows += len(lines)
        chosen = np.flatnonzero((values != np.rint(values)).sum(axis=1) >= _FRACTIONS)
        chosen = chosen[chosen < room]  # so how rows fall into blocks changes nothing
        if not len(chosen):
            return {}
        held = np.ascontiguousarray(values[chosen] + 0.0)  # minus zero is zero
        contents = [row.tobytes().hex() for row in held]
        keys = {one: codings.key(self._given.get(one, one)) for one in set(labels)}
        classes = [keys[labels[at]] for at in chosen.tolist()]
        repeats = self._seen.add(contents, classes, held[:, :1] * 0, lines[chosen])
        return {
            int(chosen[at]): _row(
                int(lines[chosen[at]]), int(repeats.first[at]), bool(repeats.agrees[at])
            )
            for at in np.flatnonzero(repeats.repeated).tolist()
        }


def _row(line: int, first: int, agrees: bool) -> BadRow:
    detail = f"the values of line {first} in all features, with "
    if agrees:
        return BadRow(line, COPY, f"{detail}the same label")
    return BadRow(line, CONTRADICTION, f"{detail}another label")


def said(statistics: Statistics) -> list[Assumption]:
    """What is to be said of a table's copies. Raises DatasetRefused (rows-contradict) where more
    than a few of them have another label than the first."""
    aside, rows = statistics.quarantine, statistics.rows + statistics.quarantine.total()
    if (count := aside[CONTRADICTION]) >= _FEW and count > _REFUSED_SHARE * rows:
        first = statistics.examples[CONTRADICTION]
        detail = (
            f"{count} of {rows} rows repeat all values of an earlier row and have another label"
            f" (line {first.line}: {first.detail}): find out which is right, and upload the table"
            " with one of each"
        )
        raise DatasetRefused("rows-contradict", detail)
    told = []
    if copies := aside[COPY] + aside[CONTRADICTION]:
        detail = f"{copies} rows repeat all values of an earlier row, {count} of them with another"
        detail += " label; the first row of each is used, the others are left out"
        told.append(Assumption("duplicate-rows", detail, ""))
    if rows > COMPARED_ROWS:
        detail = f"rows beyond the first {COMPARED_ROWS} are taken to be no copies of others"
        told.append(Assumption("copies-not-sought", detail, ""))
    return told
