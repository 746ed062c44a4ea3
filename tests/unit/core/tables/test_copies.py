from __future__ import annotations

import numpy as np
import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.tables import copies
from sonoflow.tables.copies import Copies
from sonoflow.tables.rows import BadRow
from sonoflow.tables.statistics import Statistics

VALUES = np.array([[1.5, 2.5, 3.5], [1.5, 2.5, 3.25], [1.5, 2.5, 3.5], [1.5, 2.5, 3.5]])
LINES = np.arange(2, 6)


def found(labels: list[str], given: dict[str, str] | None = None, size: int = 4) -> dict[int, str]:
    """Reasons by line, of rows that come `size` at a time."""
    seen, told = Copies(given or {}), {}
    for at in range(0, 4, size):
        part = slice(at, at + size)
        for row in seen.add(labels[part], VALUES[part], LINES[part]).values():
            told[row.line] = row.reason
    return told


@pytest.mark.parametrize("size", [1, 3, 4])
def test_copies_are_known_and_whether_their_labels_agree(size: int) -> None:
    assert found(["M", "M", "malignant", "B"], size=size) == {
        4: "duplicate-row",
        5: "contradicting-row",
    }


def test_labels_are_what_was_said_that_they_are() -> None:
    assert found(["M", "M", "x", "M"], {"x": "M"})[4] == "duplicate-row"


def test_two_fractions_may_be_the_same_by_chance() -> None:
    values = np.where(np.arange(3) == 2, 3.0, VALUES)

    assert Copies({}).add(["M"] * 4, values, LINES) == {}


@pytest.mark.parametrize("size", [1, 4])
def test_so_many_rows_are_compared_however_they_come(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "COMPARED_ROWS", 3)

    assert found(["M"] * 4, size=size) == {4: "duplicate-row"}


def statistics(*reasons: str) -> Statistics:
    one = Statistics(("a",))
    one.set_aside([BadRow(7 + n, reason, "why") for n, reason in enumerate(reasons)])
    return one


def test_what_is_left_out_is_said() -> None:
    (said,) = copies.said(statistics("duplicate-row", "contradicting-row", "contradicting-row"))

    assert (said.code, said.settle) == ("duplicate-rows", "")
    assert said.detail.startswith("3 rows repeat all values of an earlier row, 2 of them")
    assert copies.said(statistics("missing-value")) == []


def test_rows_that_were_not_compared_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "COMPARED_ROWS", 1)

    (said,) = copies.said(statistics("missing-value", "missing-value"))

    assert said.code == "copies-not-sought"


def test_many_contradictions_are_refused() -> None:
    with pytest.raises(DatasetRefused, match=r"rows-contradict: 3 of 3 rows .*line 7: why"):
        copies.said(statistics(*["contradicting-row"] * 3))
