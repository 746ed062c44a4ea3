from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.tables.duplicates import Seen

Row = tuple[str, str, float]
ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"), st.sampled_from("MB"), st.sampled_from([0.0, -0.0, 1.5])
    ),
    max_size=60,
)


def look(rows: list[Row], block: int) -> list[tuple[int, bool] | None]:
    """For each row, the line that had its id first and whether it says the same."""
    seen, found = Seen(), []
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        lines = np.arange(start, start + len(part)) + 1
        values = np.array([[value, 2.0] for _, _, value in part])
        repeats = seen.add([row[0] for row in part], [row[1] for row in part], values, lines)
        columns = (repeats.repeated.tolist(), repeats.first.tolist(), repeats.agrees.tolist())
        found += [
            (line, same) if again else None for again, line, same in zip(*columns, strict=True)
        ]
    return found


@given(ROWS, st.integers(1, 60))
def test_repeats_are_those_of_a_dictionary(rows: list[Row], block: int) -> None:
    first: dict[str, tuple[int, Row]] = {}
    expected: list[tuple[int, bool] | None] = []
    for line, row in enumerate(rows, 1):
        known = first.setdefault(row[0], (line, row))
        expected.append(None if known[0] == line else (known[0], known[1][1:] == row[1:]))

    assert look(rows, block) == expected


def test_many_ids_are_told_apart_over_many_blocks() -> None:
    rows = [(str(number % 30_000), "M", 1.0) for number in range(40_000)]

    found = look(rows, 700)

    assert found[:30_000] == [None] * 30_000
    assert found[30_000:] == [(line, True) for line in range(1, 10_001)]
