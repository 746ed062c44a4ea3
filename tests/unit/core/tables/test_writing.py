from __future__ import annotations

import csv
from typing import Any

import pytest

from sonoflow.tables import writing
from sonoflow.tables.numbers import Notation
from sonoflow.tables.writing import Unparted, Writing

HEADER = "id,diagnosis,radius,area"
ROWS = [f"{n},{'MB'[n % 2]},{n}.5,{100 + n}" for n in range(8)]


def find(*lines: str, **given: Any) -> Writing:
    return writing.find(writing.sample("\n".join(lines).encode()), given)


def codes(found: Writing) -> list[str]:
    return [one.code for one in found.assumptions]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("größer".encode(), "größer"),
        ("größer".encode("latin-1"), "größer"),
        (b"\xef\xbb\xbfid", "id"),
        (b"", ""),
    ],
)
def test_a_line_is_utf8_or_latin1_without_its_mark(line: bytes, text: str) -> None:
    assert writing.decode(line) == text


@pytest.mark.parametrize(
    ("line", "delimiter", "cells"),
    [
        ('a, "b, c" ,d\r\n', ",", ["a", "b, c", "d"]),
        ('"say ""a""";b', ";", ['say "a"', "b"]),
        ("\ta\t", "\t", ["", "a", ""]),
        ("", ",", []),
    ],
)
def test_a_line_is_split_into_stripped_cells(line: str, delimiter: str, cells: list[str]) -> None:
    assert writing.split(line, delimiter) == cells


def test_a_plain_table_is_as_it_looks() -> None:
    found = find(HEADER, *ROWS)

    assert found.header == ("id", "diagnosis", "radius", "area")
    assert (found.delimiter, found.preamble, found.width) == (",", 0, 4)
    assert (found.trailing, found.notation, found.unclear) == (False, Notation(), "")
    assert (found.assumptions, len(found.rows)) == ((), 8)
    assert find(*ROWS).header is None


@pytest.mark.parametrize(
    ("before", "preamble"),
    [
        (["sep=,"], 1),
        (["SEP=,", "", "# a", "#b"], 3),
        (["# exported on 2026-01-01, by hand"], 1),
        (["// one", "% two"], 2),
        (["# as many, cells, as the, table"], 1),
    ],
)
def test_what_is_no_table_before_the_header_is_passed_over(
    before: list[str], preamble: int
) -> None:
    found = find(*before, HEADER, *ROWS)

    assert (found.header, found.preamble) == (tuple(HEADER.split(",")), preamble)
    assert found.assumptions == ()


def test_a_separator_that_is_named_is_taken() -> None:
    assert find("sep=;", "a;b,c", "1;2,3", "4;5,6").delimiter == ";"


def test_a_header_may_begin_as_a_comment_does() -> None:
    assert find("#id,diagnosis,radius,area", *ROWS).header == tuple(HEADER.split(","))
    assert find("# note", "# id,diagnosis,radius,area", *ROWS).header == tuple(HEADER.split(","))


def test_titles_are_passed_over_and_said() -> None:
    found = find("Report of ward 3", "January;;;".replace(";", ","), HEADER, *ROWS)

    assert (found.header, found.preamble) == (tuple(HEADER.split(",")), 2)
    assert codes(found) == ["lines-passed-over"]
    assert find("Report of ward 3", HEADER, *ROWS, skip=0).header == ("Report of ward 3",)


@pytest.mark.parametrize("numbers", ["0,1,2,3", "1,2,3,4", ",0,1,2,3"])
def test_a_line_that_counts_the_columns_names_none(numbers: str) -> None:
    found = find(numbers, *ROWS)

    assert (found.header, found.preamble, len(found.rows)) == (None, 1, 8)
    assert codes(found) == ["columns-counted"]
    assert find(numbers, *ROWS, header=False).preamble == 0
    assert len(find(numbers, *ROWS, header=True).rows) == 8


def test_units_below_the_header_are_passed_over_and_said() -> None:
    found = find(HEADER, ",,um,um2", *ROWS)

    assert (found.preamble, len(found.rows), codes(found)) == (1, 8, ["units-passed-over"])
    assert len(find(HEADER, ",,um,um2", *ROWS, units=False).rows) == 9
    assert find(HEADER, ",,1,um2", *ROWS).preamble == 0


@pytest.mark.parametrize(
    ("header", "end", "trailing"),
    [(",", ",", True), ("", ",", True), (",", "", True), ("", "", False)],
)
def test_a_delimiter_at_the_end_makes_no_column(header: str, end: str, trailing: bool) -> None:
    found = find(HEADER + header, *(row + end for row in ROWS))

    assert (found.width, found.trailing) == (4, trailing)


def test_a_last_column_without_name_is_one_where_it_holds_values() -> None:
    found = find(HEADER + ",", *(row + ",7" for row in ROWS))

    assert (found.width, found.trailing) == (5, False)


def test_lines_that_a_quote_holds_together_are_one() -> None:
    found = find('id,"mean\nradius",area', '"a\n1",2,3', "4,5,6")

    assert found.header == ("id", "mean\nradius", "area")
    assert found.rows == (("a\n1", "2", "3"), ("4", "5", "6"))
    assert found.preamble == 1


def test_a_line_that_is_no_csv_spoils_itself_alone() -> None:
    assert find(HEADER, "w\r4,M,1,2", *ROWS).header == tuple(HEADER.split(","))
    with pytest.raises(csv.Error):
        find("w\r4,M,1,2", *ROWS)


def test_what_nothing_parts_is_told() -> None:
    with pytest.raises(Unparted, match="no comma, semicolon"):
        find("dear colleague", "bye")


def test_a_mapping_says_how_numbers_are_meant() -> None:
    rows = ["1;1,326", "2;2,551"]

    assert "may be 1326" in find("a;b", *rows).unclear
    assert find("a;b", *rows, decimal=",").notation == Notation(",")
    assert find("a;b", *rows, thousands=",").notation == Notation(".", ",")
    assert find("a;b", *rows, thousands=".").notation == Notation(",", ".")


def test_an_assumption_of_numbers_says_what_settles_it() -> None:
    found = find("a;b", "1,5;1.326", "2,5;566")

    assert [one.settle for one in found.assumptions] == ['{"decimal": ",", "thousands": ""}']


def test_a_row_that_holds_an_id_alone_is_no_title_where_no_header_follows() -> None:
    rows = [f"{n},M,1,{n}" for n in range(9)]

    assert find("7,,,", *rows).preamble == 0
    assert find("7,,,", *rows).rows[0] == ("7", "", "", "")
    assert find("seven", *rows).preamble == 1
    assert find("Report,,,", "id,label,a,b", *rows).preamble == 1


@pytest.mark.parametrize("row", ["P1,,NA,NA", "P1,?,N/A,NaN"])
def test_a_row_without_values_is_none_of_units(row: str) -> None:
    found = find("id,label,a,b", row, *(f"{n},M,1,{n}" for n in range(9)))

    assert (len(found.rows), codes(found)) == (10, [])


def test_some_rows_may_end_in_a_delimiter_where_none_lacks_its_last_cell() -> None:
    rows = [f"{n},M,1,{n}" for n in range(9)]

    assert find("id,label,a,b", *rows, "9,M,1,2,").trailing
    assert not find("id,label,a,b", *rows, "9,M,1,", "9,M,1,2,").trailing
