from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sonoflow.errors import TableRejected
from sonoflow.keys import Dataset
from sonoflow.tables import layout
from sonoflow.tables.layout import inbox_layout
from sonoflow.tables.table import Table

TABLE = Table(
    dataset=Dataset("wdbc", "0a1b2c3d4e5f"),
    columns=("id", "class", "site", "a", "b"),
    header=False,
    delimiter=",",
    label="class",
    classes=("B", "M"),
    id="id",
    features=("a", "b"),
    missing=("", "?"),
    dropped={"site": "ignored"},
)
WITHOUT_IDS = dataclasses.replace(TABLE, columns=("a", "b", "class"), id=None)


@pytest.mark.parametrize(
    ("first_line", "expected_features", "expected_id", "header"),
    [
        ("id,class,site,a,b", (3, 4), 0, True),
        ("b,note,A,ID\r\n", (2, 0), 3, True),
        (b"\xef\xbb\xbfb;a\n", (1, 0), None, True),
        ("a,b,", (0, 1), None, True),
        ("7,M,north,1.5,2", (3, 4), 0, False),
        ("7,,north,1.5,?", (3, 4), 0, False),
        ("7,north,1.5,2", (2, 3), 0, False),
        ("1.5,2", (0, 1), None, False),
        ("7|north|1.5|2", (2, 3), 0, False),
    ],
)
def test_rows_for_a_model_are_found_by_name_or_by_number(
    first_line: bytes | str, expected_features: tuple[int, ...], expected_id: Any, header: bool
) -> None:
    found = inbox_layout(TABLE, first_line)

    assert (found.features, found.id, found.header) == (expected_features, expected_id, header)
    assert found.label is None
    assert found.missing == {"", "?"}


@pytest.mark.parametrize(("line", "trailing"), [("a,b,", True), ("a,b", False), ("1,2", False)])
def test_a_delimiter_at_a_headers_end_is_noted(line: str, trailing: bool) -> None:
    assert inbox_layout(TABLE, line).trailing is trailing


@pytest.mark.parametrize("line", ["id,a", "1,2,3", "", "hello", "id,class,site,a,c", "1;2;3;4;5;6"])
def test_rows_that_fit_no_model_are_rejected_with_what_was_expected(line: str) -> None:
    with pytest.raises(TableRejected, match=r"columns-unknown.*names all 2 features") as caught:
        inbox_layout(TABLE, line)

    assert caught.value.reason == "columns-unknown"


def test_a_header_that_names_a_feature_twice_is_rejected() -> None:
    with pytest.raises(TableRejected, match=r"columns-unknown.*'a' twice"):
        inbox_layout(TABLE, "id,a,b,A")


def test_a_number_that_is_no_label_is_not_taken_for_one() -> None:
    """Without a header, id and features are as many cells as features and the label behind them."""
    with pytest.raises(TableRejected, match="no label stands where the label 'class' is"):
        inbox_layout(WITHOUT_IDS, "1,40,30")

    assert inbox_layout(WITHOUT_IDS, "40,30,B").features == (0, 1)
    assert inbox_layout(WITHOUT_IDS, "40,30,").features == (0, 1)
    numbered = dataclasses.replace(WITHOUT_IDS, classes=("0", "1"))
    assert inbox_layout(numbered, "40,30,1.0").features == (0, 1)
    unknown = dataclasses.replace(numbered, missing=("", "-9"))
    assert inbox_layout(unknown, "40,30,-9").features == (0, 1)


@pytest.mark.parametrize(
    ("header", "position"),
    [
        ("id,a,b", 0),
        ("Patient ID,a,b", 0),
        ("case-id;a;b", 0),
        ("b,ward,a,sample_id", 3),
        ("a,b", None),
        (",a,b", None),
        ("name,a,b", None),
        ("case_id,patient_id,a,b", None),
        ("id,ID,a,b", None),
    ],
)
def test_where_training_had_no_ids_a_single_column_that_is_called_so_holds_them(
    header: str, position: int | None
) -> None:
    assert inbox_layout(WITHOUT_IDS, header).id == position


@pytest.mark.parametrize(
    ("header", "position"),
    [("patient_id,a,b", 0), ("patient_id,id,a,b", 1), ("id,ID,a,b", None)],
)
def test_the_column_that_held_the_ids_in_training_comes_first(
    header: str, position: int | None
) -> None:
    assert inbox_layout(TABLE, header).id == position


def test_a_feature_or_the_label_is_no_id_whatever_it_is_called() -> None:
    table = dataclasses.replace(
        TABLE,
        columns=("case_id", "a", "record_id"),
        label="record_id",
        features=("a", "case_id"),
        id=None,
    )

    assert inbox_layout(table, "case_id,a,record_id").id is None
    assert inbox_layout(table, "case_id,a,record_id,id").id == 3


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
    assert layout.decode(line) == text


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
    assert layout.split_line(line, delimiter) == cells


@pytest.mark.parametrize(
    ("names", "trimmed"),
    [
        (["a", "b", ""], (["a", "b"], True)),
        (["a", "", "b"], (["a", "", "b"], False)),
        (["a", "", ""], (["a", ""], True)),
        ([""], ([""], False)),
        ([], ([], False)),
    ],
)
def test_one_delimiter_at_the_end_is_no_name(
    names: list[str], trimmed: tuple[list[str], bool]
) -> None:
    assert layout.trim(names) == trimmed


@pytest.mark.parametrize("name", ["Mean Radius", " mean_radius", "MEAN - RADIUS", "mean.radius"])
def test_names_are_compared_without_case_and_by_words(name: str) -> None:
    assert layout.plain(name) == "mean_radius"


@pytest.mark.parametrize("cell", ["1", "+1.5", "-.5", "5.", "1e-3", "2.5E+10", "-0"])
def test_decimal_numbers_are_numbers(cell: str) -> None:
    assert layout.is_number(cell)


@pytest.mark.parametrize(
    "cell", ["", ".", "e3", "1e", "1_0", "0x1", "inf", "nan", " 1", "1,5", "--1", "٣", "1\n"]
)
def test_nothing_else_is_one(cell: str) -> None:
    assert not layout.is_number(cell)
