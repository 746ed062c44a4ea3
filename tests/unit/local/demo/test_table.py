"""The demo's table is UCI's, and only whole, ordered scores count as an answer."""

from __future__ import annotations

import csv
from pathlib import Path

from local.demo.table import Scores, write_table


def test_the_table_is_in_the_format_that_uci_publishes(tmp_path: Path) -> None:
    path = tmp_path / "wdbc.data"
    write_table(path)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert {len(row) for row in rows} == {32}
    assert [row[0] for row in rows] == [str(number) for number in range(1, 570)]
    assert sorted(row[1] for row in rows).count("M") == 212
    # The first record of the data set as published: malignant, mean radius 17.99.
    assert rows[0][1:4] == ["M", "17.99", "10.38"]


def test_scores_say_how_many_are_right() -> None:
    assert Scores("scores/demo/wdbc.csv.csv", rows=8, correct=6).document()["accuracy"] == 0.75
