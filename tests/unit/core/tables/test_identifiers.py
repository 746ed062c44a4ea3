from __future__ import annotations

import pytest

from sonoflow.tables import identifiers


@pytest.mark.parametrize(
    ("ids", "what"),
    [
        (["8.42E+05", "8.43E+05"], "scientific notation"),
        (["8,42302e+11"], "scientific notation"),
        (["p1", "1-Mar", "02.Jan", "p4"], "days"),
        (["Mar-01", "p2"], "days"),
        (["########"] * 3, "signs of an error"),
        (["#NAME?", "p2"], "signs of an error"),
    ],
)
def test_what_a_spreadsheet_made_of_ids_is_told(ids: list[str], what: str) -> None:
    assert what in identifiers.altered(ids)


@pytest.mark.parametrize(
    "ids", [["842302", "842517"], ["p-1", "e5"], ["8.42E+05", *map(str, range(10))], ["#7"], []]
)
def test_other_ids_are_as_they_were(ids: list[str]) -> None:
    assert identifiers.altered(ids) == ""


@pytest.mark.parametrize(
    ("ids", "what"),
    [
        (["17.99", "20.57", "7"], "fraction"),
        (["0", "1", "1", "0", "1"], "labels"),
        (["M", "b", "M", "B", "m"], "labels"),
    ],
)
def test_measures_and_labels_are_no_ids(ids: list[str], what: str) -> None:
    assert what in identifiers.none(ids)


@pytest.mark.parametrize(
    "ids",
    [
        ["17", "18.0", "19"],
        ["p1.5", "p2.5"],
        ["1.5", "2", "3"],
        ["0", "1", "1", "0"],
        ["a"] * 5,
        [],
    ],
)
def test_others_may_be_ids(ids: list[str]) -> None:
    assert identifiers.none(ids) == ""
