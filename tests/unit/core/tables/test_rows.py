from __future__ import annotations

import dataclasses

import pytest

from sonoflow.tables.numbers import Notation
from sonoflow.tables.rows import JOINED, BadRow, Row, missing_numbers, parse_record, parse_row
from tests.unit.core.tables.bad_rows import BAD_ROWS, LAYOUT


def test_a_row_has_line_id_label_and_values() -> None:
    assert parse_row(3, b' 7 ,"M", 1.5 ,-3e1', LAYOUT) == Row(3, "7", "M", [1.5, -30.0])


@pytest.mark.parametrize("content", [b"", b"\r", b" \t ", b"\xef\xbb\xbf"])
def test_a_blank_line_is_no_row(content: bytes) -> None:
    assert parse_row(3, content, LAYOUT) is None


@pytest.mark.parametrize(("row", "reason", "detail"), BAD_ROWS)
def test_a_bad_row_is_told_by_line_and_reason(row: str, reason: str, detail: str) -> None:
    found = parse_row(3, row.encode(), LAYOUT)

    assert isinstance(found, BadRow)
    assert (found.line, found.reason) == (3, reason)
    assert detail in found.detail
    assert "secret" not in found.detail


def test_the_first_fault_in_the_order_of_the_vectors_is_told() -> None:
    turned = dataclasses.replace(LAYOUT, features=(3, 2))

    assert parse_row(1, b"7,M,x,?", LAYOUT) == BadRow(
        1, "not-a-number", "column 'a' holds text that is no number"
    )
    assert parse_row(1, b"7,M,x,?", turned) == BadRow(
        1, "missing-value", "column 'b' holds no value"
    )


def test_without_ids_a_row_goes_by_its_line_and_without_labels_it_has_none() -> None:
    bare = dataclasses.replace(LAYOUT, label=None, id=None)

    assert parse_row(12, b"7,,1,2", bare) == Row(12, "12", "", [1.0, 2.0])


def test_where_rows_may_end_in_a_delimiter_they_need_not() -> None:
    trailing = dataclasses.replace(LAYOUT, trailing=True)
    row = Row(1, "7", "M", [1.0, 2.0])

    assert parse_row(1, b"7,M,1,2,", trailing) == parse_row(1, b"7,M,1,2", trailing) == row
    beyond = parse_row(1, b"7,M,1,2,3", trailing)
    assert beyond == BadRow(1, "wrong-column-count", "5 cells, expected 4")


def test_the_largest_number_of_32_bits_can_be_used_and_none_beyond() -> None:
    assert parse_row(1, b"7,M,3.4028234e38,-3.4028234e38", LAYOUT) == Row(
        1, "7", "M", [3.4028234e38, -3.4028234e38]
    )
    beyond = parse_row(1, b"7,M,3.41e38,0", LAYOUT)
    assert isinstance(beyond, BadRow)
    assert beyond.reason == "infinite-value"


def test_numbers_that_mean_no_value_are_known_however_they_are_written() -> None:
    assert missing_numbers(frozenset({"", "?", "-999", "9.5e1"})) == {-999.0, 95.0}
    sentinel = dataclasses.replace(LAYOUT, missing=frozenset({"-999"}))
    found = parse_row(1, b"7,M,-9.99e2,2", sentinel)
    assert isinstance(found, BadRow)
    assert found.reason == "missing-value"


def test_a_bad_row_is_a_document() -> None:
    assert BadRow(3, "missing-value", "column 'a' holds no value").document() == {
        "line": 3,
        "reason": "missing-value",
        "detail": "column 'a' holds no value",
    }


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ("1.326,5;-0,25", [1326.5, -0.25]),
        ("2.551;7", [2551, 7]),
        ("1,5e3;,5", [1500, 0.5]),
    ],
)
def test_numbers_are_read_in_their_notation(cells: str, values: list[float]) -> None:
    layout = dataclasses.replace(LAYOUT, delimiter=";", notation=Notation(",", "."))

    assert parse_row(3, f"7;M;{cells}".encode(), layout) == Row(3, "7", "M", values)


@pytest.mark.parametrize("cell", ["1.5", "1.32", "13.26,5", "1,326,5"])
def test_a_number_in_another_notation_is_none(cell: str) -> None:
    layout = dataclasses.replace(LAYOUT, delimiter=";", notation=Notation(",", "."))

    found = parse_row(3, f"7;M;{cell};2".encode(), layout)

    assert isinstance(found, BadRow)
    assert found.reason == ("not-a-number" if "," in cell else "other-notation")


@pytest.mark.parametrize("line", ["1,2,3,4", "0,1,2,3", "1.0,2.0,3.0,4.0"])
def test_a_line_that_counts_the_columns_is_no_row(line: str) -> None:
    found = parse_row(2, line.encode(), LAYOUT)

    assert isinstance(found, BadRow)
    assert found.reason == "counts-columns"
    assert isinstance(parse_row(2, b"1,2,3,5", LAYOUT), Row)


def test_rows_that_a_lone_cr_joins_are_counted() -> None:
    found = parse_row(2, b"1,M,3,4\r2,B,5,6\r3,B,7,8", LAYOUT)

    assert isinstance(found, BadRow)
    assert (found.reason, found.rows, found.document()["rows"]) == ("unreadable-text", 3, 3)
    within = parse_row(2, b"1\r2,M,3,4", LAYOUT)
    assert isinstance(within, BadRow)
    assert within.rows == 1


def test_words_in_all_cells_begin_another_table() -> None:
    found = parse_row(9, b"patient,sex,age,weight", LAYOUT)

    assert isinstance(found, BadRow)
    assert (found.reason, found.words) == (JOINED, False)
    other = parse_row(9, b"patient,age", LAYOUT)
    assert isinstance(other, BadRow)
    assert (other.reason, other.cells, other.words) == ("wrong-column-count", 2, True)
    odd = parse_row(9, b"7,M,x,4", LAYOUT)
    assert isinstance(odd, BadRow)
    assert odd.reason == "not-a-number"


def test_a_missing_value_is_missing_in_any_notation() -> None:
    layout = dataclasses.replace(
        LAYOUT, delimiter=";", notation=Notation(","), missing=frozenset({"-9.5"})
    )

    found = parse_row(3, b"7;M;-9,5;2", layout)

    assert isinstance(found, BadRow)
    assert found.reason == "missing-value"


def test_a_comment_is_no_row_and_a_row_may_begin_as_one() -> None:
    assert parse_row(3, b"# 7 rows, as exported", LAYOUT) is None
    assert parse_row(3, b"#7,M,1,2", LAYOUT) == Row(3, "#7", "M", [1, 2])


def test_a_row_of_several_lines_is_one() -> None:
    assert parse_record(3, 4, b'"a\n7",M,1,2', LAYOUT) == [Row(3, "a\n7", "M", [1, 2])]


def test_where_several_lines_make_no_row_each_is_what_it_is() -> None:
    found = parse_record(3, 5, b'"a,M,1,2\n8,B,3,4\nb"c,M,5,6', LAYOUT)

    assert [(row.line, type(row)) for row in found] == [(3, BadRow), (4, Row), (5, BadRow)]
    assert "a quote that line 3 opens is closed in line 5" in str(found[0])


@pytest.mark.parametrize("line", ["#7,M,1", "//7,M,1,2,3", "%7,M", "# 7,M,1", "# 3 rows, 2"])
def test_an_id_may_begin_as_a_comment_does(line: str) -> None:
    found = parse_row(3, line.encode(), LAYOUT)

    assert isinstance(found, BadRow)
    assert found.reason == "wrong-column-count"


@pytest.mark.parametrize("line", ["# a note", "#a note", "// 3 rows, as counted", "%"])
def test_a_text_after_the_sign_of_a_comment_is_none(line: str) -> None:
    assert parse_row(3, line.encode(), LAYOUT) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("id,label,a,b", "repeated-header"),
        ("ID,Label,A,B", "repeated-header"),
        ("id,note,a,b", "repeated-header"),
        ("id,label,b,a", "tables-joined"),
        ("label,id,a,b", "tables-joined"),
        ("id,M,x,2", "not-a-number"),
        ("id,M,a,2", "not-a-number"),
    ],
)
def test_names_of_columns_below_the_header_are_a_header(line: str, reason: str) -> None:
    found = parse_row(3, line.encode(), LAYOUT)

    assert isinstance(found, BadRow)
    assert found.reason == reason


def test_lines_that_end_in_cr_among_others_are_said() -> None:
    found = parse_row(3, b"7,M,1,2\r8,B,1,2\r9,B,3,4", LAYOUT)

    assert isinstance(found, BadRow)
    assert "2 CR" in found.detail
