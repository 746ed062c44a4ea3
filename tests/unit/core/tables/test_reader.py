from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonoflow.tables import reader
from sonoflow.tables.layout import RowLayout
from sonoflow.tables.lines import LINE_BYTES_LIMIT, read_lines
from sonoflow.tables.numbers import Notation
from sonoflow.tables.reader import Block, read_rows
from tests.unit.core.tables.bad_rows import BAD_ROWS, LAYOUT, MISSING


def layout(**changes: Any) -> RowLayout:
    fields = {**LAYOUT.__dict__, **changes}
    return RowLayout(**fields)


def read(data: bytes | str, rules: RowLayout = LAYOUT, chunk: int = 1 << 20) -> Block:
    """All blocks as one."""
    content = data.encode() if isinstance(data, str) else data
    chunks = (content[at : at + chunk] for at in range(0, len(content), chunk))
    blocks = list(read_rows(chunks, rules))
    labels = [label for block in blocks for label in block.labels or ()]
    return Block(
        lines=np.concatenate([np.empty(0, np.int64), *(block.lines for block in blocks)]),
        ids=[identity for block in blocks for identity in block.ids],
        labels=None if rules.label is None else labels,
        values=np.concatenate(
            [np.empty((0, len(rules.features))), *(block.values for block in blocks)]
        ),
        bad=[row for block in blocks for row in block.bad],
    )


def reasons(block: Block) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in block.bad]


def test_rows_come_with_line_id_label_and_values() -> None:
    block = read("7,M,1.5,2\n8,B,-3e1, .25 \n")

    assert block.lines.tolist() == [1, 2]
    assert (block.ids, block.labels) == (["7", "8"], ["M", "B"])
    assert block.values.tolist() == [[1.5, 2.0], [-30.0, 0.25]]
    assert block.bad == []


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf7,M,1,2\n8,B,3,4\n",
        b"7,M,1,2\r\n8,B,3,4\r\n",
        b"7,M,1,2\n8,B,3,4",
        b"7,M,1,2\r\n8,B,3,4\r",
        b"\n\n7,M,1,2\n  \t\n8,B,3,4\n\r\n\n",
        b'"7","M","1","2"\n"8",B,"3",4\n',
        b' 7 , "M", 1 ,2 \n8,B,\t3,4\n',
    ],
    ids=["BOM", "CRLF", "no last newline", "lone CR", "blank lines", "quotes", "spaces"],
)
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_how_the_file_is_written_changes_nothing(data: bytes, chunk: int) -> None:
    block = read(data, chunk=chunk)

    assert (block.ids, block.labels) == (["7", "8"], ["M", "B"])
    assert block.values.tolist() == [[1, 2], [3, 4]]
    assert block.bad == []


def test_a_header_is_passed_over_but_its_line_counts() -> None:
    block = read(b"\n\xef\xbb\xbfid,class,a,b\n7,M,1,2\n", layout(header=True))

    assert block.lines.tolist() == [3]
    assert block.bad == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_cells_may_hold_the_delimiter_in_quotes(delimiter: str) -> None:
    block = read(
        f'"7{delimiter}x"~M~1~2\n"8""y"~B~3~4\n'.replace("~", delimiter),
        layout(delimiter=delimiter),
    )

    assert block.ids == [f"7{delimiter}x", '8"y']
    assert block.values.tolist() == [[1, 2], [3, 4]]


def test_texts_are_utf8_or_latin1() -> None:
    assert read("é,größer,1,2\n").labels == ["größer"]
    assert read("é,größer,1,2\n".encode("latin-1") + b"7,M,1,2\n").labels == ["größer", "M"]


@pytest.mark.parametrize(("row", "reason", "detail"), BAD_ROWS)
def test_a_bad_row_is_told_by_line_and_reason_and_the_others_are_read(
    row: str, reason: str, detail: str
) -> None:
    block = read(f"7,M,1,2\n\n{row}\n9,B,5,6\n")

    assert reasons(block) == [(3, reason)]
    assert detail in block.bad[0].detail
    assert "secret" not in block.bad[0].detail
    assert block.lines.tolist() == [1, 4]
    assert (block.ids, block.labels) == (["7", "9"], ["M", "B"])
    assert block.values.tolist() == [[1, 2], [5, 6]]


def test_text_that_is_neither_utf8_nor_latin1_is_unreadable() -> None:
    assert reasons(read(b"8,\x93B\x94,3,4\n")) == [(1, "unreadable-text")]
    assert reasons(read("8,B\x85,3,4\n")) == [(1, "unreadable-text")]


def test_numbers_may_mean_that_a_value_is_missing_however_they_are_written() -> None:
    rules = layout(missing=frozenset({"-999"}))

    assert reasons(read("7,M,-999,2\n8,B,1,-999.0\n9,B,1,-9.99e2\n", rules)) == [
        (1, "missing-value"),
        (2, "missing-value"),
        (3, "missing-value"),
    ]
    # An empty cell is no number, whatever is said of missing ones.
    assert reasons(read("7,M,,2\n", rules)) == [(1, "not-a-number")]


def test_a_line_without_end_is_not_held() -> None:
    """What is kept of it never grows beyond the limit."""
    sizes = []

    def endless() -> Iterator[bytes]:
        yield b"7,M,1,2\n8,B,"
        for _ in range(8):
            yield b"1" * LINE_BYTES_LIMIT
        yield b"\n9,B,3,4\n"

    for lines in read_lines(endless(), piece_bytes=LINE_BYTES_LIMIT):
        sizes.append(len(lines.data))
    block = list(read_rows(endless(), LAYOUT))

    assert max(sizes) < 4 * LINE_BYTES_LIMIT
    assert [reasons(b) for b in block if b.bad] == [[(2, "line-too-long")]]
    assert [line for b in block for line in b.lines.tolist()] == [1, 3]


def test_columns_may_lie_anywhere_and_id_and_label_may_be_missing() -> None:
    rules = RowLayout(("b", "x", "a"), features=(2, 0), missing=MISSING)

    block = read("1,text,2\n3,,4\n", rules)

    assert block.ids == ["1", "2"]
    assert block.labels is None
    assert block.values.tolist() == [[2, 1], [4, 3]]


def test_rows_may_end_in_a_delimiter_where_the_header_does() -> None:
    rules = layout(header=True, trailing=True)

    block = read('id,class,a,b,\n7,M,1,2\n8,B,3,4,\n"9,1",M,5,6,\n', rules)

    assert block.ids == ["7", "8", "9,1"]
    assert block.bad == []


def test_a_table_of_one_column_has_blank_lines_too() -> None:
    block = read("1\n\n2\n", RowLayout(("a",), features=(0,), missing=MISSING))

    assert block.lines.tolist() == [1, 3]
    assert block.bad == []


CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(
        ["", "?", "NA", "nan", "inf", "x", "1e999", "1_0", " 5", '"', "1,2", "é", "--1"]
    ),
)
LABELS = st.sampled_from(["M", "B", "", "gut, sehr", 'a "b"', "é"])
ROWS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 999).map(str), LABELS, CELLS, CELLS).map(list),
        st.lists(CELLS, min_size=2, max_size=5),
    ),
    max_size=40,
)


def expected(cells: list[str]) -> tuple[str, str, list[float]] | None:
    """The row as a plain reader of CSV sees it; None if it is no good."""
    cells = [cell.strip() for cell in cells]
    if len(cells) != 4 or {cells[0], cells[1], *cells[2:]} & MISSING or "_" in "".join(cells[2:]):
        return None
    try:
        values = [float(cell) for cell in cells[2:]]
    except ValueError:
        return None
    if not all(map(math.isfinite, values)):
        return None
    return cells[0], cells[1], values


@settings(deadline=None)
@given(
    rows=ROWS,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    newline=st.sampled_from(["\n", "\r\n"]),
    piece=st.integers(1, 300),
    encoding=st.sampled_from(["utf-8", "latin-1"]),
)
def test_the_reader_agrees_with_the_csv_module(
    rows: list[list[str]], quoting: Any, newline: str, piece: int, encoding: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator=newline).writerows(rows)
    content = text.getvalue().encode(encoding)
    kept = [(line, row) for line, cells in enumerate(rows, 1) if (row := expected(cells))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_lines, "__defaults__", (piece,))
        block = read(content, chunk=7)

    assert block.lines.tolist() == [line for line, _ in kept]
    assert block.ids == [row[0] for _, row in kept]
    assert block.labels == [row[1] for _, row in kept]
    assert block.values.tolist() == [row[2] for _, row in kept]
    assert [row.line for row in block.bad] == sorted(
        set(range(1, len(rows) + 1)) - {line for line, _ in kept}
    )


def test_a_row_of_several_lines_is_read_and_the_lines_after_it() -> None:
    block = read('7,M,1,2\n"8\n\nx",B,3,4\n9,B,5,6\n')

    assert (block.lines.tolist(), block.ids) == ([1, 2, 5], ["7", "8\n\nx", "9"])
    assert block.values.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert block.bad == []


def test_of_a_row_that_is_parted_wrongly_neither_half_is_used() -> None:
    block = read('7,M,1,2\n"8\nx",B,3\n9,B,5,6\n')

    assert reasons(block) == [(2, "unreadable-text"), (3, "unreadable-text")]
    assert block.ids == ["7", "9"]


def test_what_stands_before_the_rows_is_passed_over() -> None:
    block = read("\n# note\nid,class,a,b\n\n,,um,um\n7,M,1,2\n", layout(header=True, preamble=2))

    assert (block.lines.tolist(), block.bad) == ([6], [])


@pytest.mark.parametrize("rest", ["", "10;B;1.5;2\n"])
def test_decimal_commas_are_read_and_points_are_none_of_them(rest: str) -> None:
    rules = layout(delimiter=";", notation=Notation(","))

    block = read("7,1;M;1,5;2\n8.2;B;-3e1;,25\n9;M;1.326,5;2\n" + rest, rules)

    assert (block.ids, block.labels) == (["7,1", "8.2"], ["M", "B"])
    assert block.values.tolist() == [[1.5, 2.0], [-30.0, 0.25]]
    assert reasons(block) == [(n, "other-notation") for n in ((3, 4) if rest else (3,))]


@pytest.mark.parametrize("rest", ["", "4,M,x,2\n"])
def test_a_row_that_counts_is_set_aside_among_others(rest: str) -> None:
    block = read("7,M,1,2\n1,2,3,4\n8,B,3,4\n" + rest, layout())

    assert block.ids == ["7", "8"]
    assert reasons(block)[0] == (2, "counts-columns")


def test_marks_of_thousands_are_read_where_they_are_some() -> None:
    rules = layout(delimiter=";", notation=Notation(",", "."))

    block = read("7;M;1.326,5;2\n8;B;0,5;2.551\n9;B;1,5;2\n", rules)

    assert block.values.tolist() == [[1326.5, 2], [0.5, 2551], [1.5, 2]]


def test_decimal_commas_are_read_as_fast_as_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together: none of the lines is read singly."""
    monkeypatch.setattr(reader, "parse_row", None)

    block = read("7;M;1,5;2\n8;B;-3e1;,25\n", layout(delimiter=";", notation=Notation(",")))

    assert block.values.tolist() == [[1.5, 2.0], [-30.0, 0.25]]
