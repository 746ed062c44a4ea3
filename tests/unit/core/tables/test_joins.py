from __future__ import annotations

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.tables import joins
from sonoflow.tables.joins import Joins
from sonoflow.tables.numbers import USUAL
from sonoflow.tables.rows import JOINED, OTHERWISE, BadRow
from sonoflow.tables.statistics import Statistics


def other(line: int, cells: int, *, words: bool = False) -> BadRow:
    return BadRow(line, "wrong-column-count", f"{cells} cells", cells=cells, words=words)


def test_names_and_rows_of_another_width_are_another_table() -> None:
    with pytest.raises(DatasetRefused, match=r"tables-joined: line 9: .* one by one"):
        Joins().check([other(9, 2, words=True), other(10, 2), other(12, 2)])


def test_what_is_found_in_one_block_goes_on_in_the_next() -> None:
    seen = Joins()
    seen.check([other(9, 2, words=True), other(10, 2)])

    with pytest.raises(DatasetRefused, match="tables-joined"):
        seen.check([other(11, 2)])


@pytest.mark.parametrize(
    "bad",
    [
        [other(9, 2), other(10, 2), other(11, 2)],
        [other(9, 2, words=True), other(10, 3), other(11, 2), other(12, 2)],
        [other(9, 2, words=True), other(10, 2)],
        [other(9, 2, words=True), other(40, 2), other(41, 2)],
        [other(9, 2, words=True), other(10, 2, words=True), other(11, 2)],
    ],
)
def test_rows_that_lack_cells_are_no_table(bad: list[BadRow]) -> None:
    Joins().check(bad)


def test_a_header_in_another_order_is_another_table() -> None:
    with pytest.raises(DatasetRefused, match="tables-joined: line 4: why"):
        Joins().check([BadRow(4, JOINED, "why")])


def statistics(rows: int, reason: str, bad: int) -> Statistics:
    made = Statistics(("a",))
    made.set_aside(BadRow(n, reason, "why") for n in range(1, bad + 1))
    made._all.count = rows
    return made


def test_a_tenth_that_is_written_otherwise_is_refused_and_less_is_said() -> None:
    with pytest.raises(DatasetRefused, match=r'decimal-unclear: 10 rows.*{"decimal": "."}'):
        joins.written_otherwise(statistics(90, OTHERWISE, 10), USUAL, {})
    (said,) = joins.written_otherwise(statistics(91, OTHERWISE, 9), USUAL, {})
    assert (said.code, said.settle) == ("other-notation", '{"decimal": "."}')
    assert joins.written_otherwise(statistics(9, OTHERWISE, 10), USUAL, {"decimal": "."}) == []
    assert joins.written_otherwise(statistics(90, OTHERWISE, 2), USUAL, {}) == []


def test_many_rows_that_are_left_out_are_said_first() -> None:
    (said,) = joins.left_out(statistics(90, "missing-value", 10))

    assert said.code == "rows-left-out"
    assert "10 of 100 rows" in said.detail
    assert joins.left_out(statistics(91, "missing-value", 9)) == []
