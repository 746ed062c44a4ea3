from __future__ import annotations

import pytest

from sonoflow.tables import numbers
from sonoflow.tables.numbers import Notation, find


@pytest.mark.parametrize("cell", ["1", "+1.5", "-.5", "5.", "1e-3", "2.5E+10", "-0"])
def test_decimal_numbers_are_numbers(cell: str) -> None:
    assert numbers.is_number(cell)


@pytest.mark.parametrize(
    "cell", ["", ".", "e3", "1e", "1_0", "0x1", "inf", "nan", " 1", "1,5", "--1", "٣", "1\n"]
)
def test_nothing_else_is_one(cell: str) -> None:
    assert not numbers.is_number(cell)


@pytest.mark.parametrize(
    ("notation", "cell", "number"),
    [
        (Notation(","), "17,99", "17.99"),
        (Notation(","), "-1,5e-3", "-1.5e-3"),
        (Notation(","), "1326", "1326"),
        (Notation(","), "17.99", ""),
        (Notation(",", "."), "1.326,5", "1326.5"),
        (Notation(",", "."), "1.326", "1326"),
        (Notation(",", "."), "13.26", ""),
        (Notation(".", ","), "1,326.5", "1326.5"),
        (Notation(".", ","), "1,234,567", "1234567"),
        (Notation(".", ","), "1,5", "1,5"),
        (Notation(".", "'"), "1’326.5", "1326.5"),
        (Notation(",", " "), "1\u00a0326,5", "1326.5"),
        (Notation(), "1.326", "1.326"),
    ],
)
def test_a_number_is_read_in_its_notation_or_not_at_all(
    notation: Notation, cell: str, number: str
) -> None:
    assert notation.read(cell) == number
    assert notation.is_number(cell) == numbers.is_number(number)


@pytest.mark.parametrize(
    ("columns", "decimal", "thousands"),
    [
        ([["1", "2"], ["1.5", "0.25"]], ".", ""),
        ([["1", "2"], ["1,5", "0,25"]], ",", ""),
        ([["0,326"], ["1,326"]], ",", ""),
        ([["1.326,5", "566,1"]], ",", "."),
        ([["17,9", "18,1"], ["1.326", "566"]], ",", "."),
        ([["1,326.5", "566.1"]], ".", ","),
        ([["17.9", "18.1"], ["1,326", "566"]], ".", ","),
        ([["1'326.5", "2'001.2", "3'000"]], ".", "'"),
        ([["1 326,5", "2 001,2", "3 000"], ["0,5"]], ",", " "),
        ([["1.234.567", "2.345.678"]], ",", "."),
        ([["a", ""], []], ".", ""),
        ([["17.9"] * 9 + ["1,5"]], ".", ""),
        ([["17.9"] * 9 + ["1 000"]], ".", ""),
    ],
)
def test_the_cells_of_a_sample_tell_the_notation(
    columns: list[list[str]], decimal: str, thousands: str
) -> None:
    found = find(columns)

    assert (found.notation, found.unclear) == (Notation(decimal, thousands), "")


def test_marks_that_may_part_thousands_are_assumed_to_where_other_numbers_say_so() -> None:
    assert "1.326 are read as 1326" in find([["17,9"], ["1.326"]]).assumed
    assert "1,326 are read as 1326" in find([["17.9"], ["1,326"]]).assumed
    assert find([["17,9"], ["1.326,5"]]).assumed == ""


@pytest.mark.parametrize(
    ("cells", "settle"),
    [
        (["1,326", "2,551", "566"], '{"thousands": ","} or {"decimal": ","}'),
        (["1.326", "2.551", "1.001", "1.203", "1.878", "566"], '{"thousands": "."}'),
    ],
)
def test_what_may_be_either_is_unclear(cells: list[str], settle: str) -> None:
    found = find([cells, ["1", "2"]])
    assert not found.differs

    assert "may be 1326" in found.unclear
    assert settle in found.settle


def test_three_decimals_are_decimals_where_some_are_shorter_or_none_is_whole() -> None:
    assert find([["1.326", "2.551", "1.001", "1.2", "1.878", "566"]]).unclear == ""
    assert find([["1.326", "2.551", "1.001", "1.203", "1.878"], ["7"] * 5]).unclear == ""


def test_points_that_cannot_mean_both_are_to_be_exported_otherwise() -> None:
    found = find([["1.326", "2.551", "1.001", "1.203", "1.878", "566"], ["17.9"]])

    assert found.settle.startswith('{"decimal": "."}, or export it')


def test_columns_in_several_notations_are_unclear() -> None:
    found = find([["1,5", "2,5", "x"], ["12.03", "13.03", "14.04"]])

    assert found.differs
    assert '{"decimal": ","}' in found.settle


@pytest.mark.parametrize(
    ("notation", "cell"),
    [
        (Notation(",", "."), "0.105"),
        (Notation(".", ","), "0,105"),
        (Notation(".", ","), "00,105"),
        (Notation(",", "."), "-0.105"),
    ],
)
def test_nothing_is_no_thousand(notation: Notation, cell: str) -> None:
    assert not notation.is_number(cell)
