from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from sonoflow.errors import TableRejected
from sonoflow.keys import Dataset
from sonoflow.tables.layout import inbox_layout
from sonoflow.tables.numbers import Notation
from sonoflow.tables.ranges import Ranges
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
    ("data", "features", "identity", "preamble"),
    [
        ("sep=;\nid;a;b\n7;1,5;2,5\n", (1, 2), 0, 1),
        ("# exported\n7,north,1.5,2.5\n", (2, 3), 0, 1),
        ("0,1,2,3,4\n7,M,north,1.5,2\n", (3, 4), 0, 1),
        ("id,a,b\n7,1,2,\n8,3,4,\n", (1, 2), 0, 0),
        ("M,north,1.5,2\nB,south,1.5,2\n", (2, 3), None, 0),
    ],
    ids=["sep", "comment", "counted", "trailing", "label and no id"],
)
def test_the_beginning_of_a_file_tells_how_it_is_written(
    data: str, features: tuple[int, ...], identity: int | None, preamble: int
) -> None:
    found = inbox_layout(TABLE, data)

    assert (found.features, found.id, found.preamble) == (features, identity, preamble)


def test_numbers_are_meant_as_the_file_says_and_else_as_in_training() -> None:
    european = dataclasses.replace(TABLE, notation=Notation(",", "."))

    assert inbox_layout(TABLE, "a;b\n1,5;2\n").notation == Notation(",")
    assert inbox_layout(european, "a;b\n1.5;2\n").notation == Notation(".")
    assert inbox_layout(european, "a;b\n1,326;2\n").notation == Notation(",", ".")
    with pytest.raises(TableRejected, match=r"decimal-unclear: .*may be 1326"):
        inbox_layout(TABLE, "a;b\n1,326;2\n")


def test_where_columns_differ_numbers_are_meant_as_in_training() -> None:
    european = dataclasses.replace(TABLE, notation=Notation(","))

    for table in (TABLE, european):
        assert inbox_layout(table, "a;b;day\n1,5;2,5;12.03\n").notation == table.notation


def test_ids_that_a_spreadsheet_rounded_are_rejected() -> None:
    with pytest.raises(TableRejected, match="ids-altered"):
        inbox_layout(TABLE, "id,a,b\n8.42E+05,1,2\n8.43E+05,1,2\n")


def test_ids_that_are_measures_are_rejected_where_nothing_names_the_columns() -> None:
    with pytest.raises(TableRejected, match="columns-shifted"):
        inbox_layout(TABLE, "17.5,3,1.5,0\n18.2,4,1.5,1\n")
    assert inbox_layout(TABLE, "id,a,b\n17.5,1,2\n").id == 0


def test_names_are_the_same_in_each_spelling_of_wdbc() -> None:
    table = dataclasses.replace(
        TABLE,
        columns=("id", "class", "radius_mean", "area_se"),
        features=("radius_mean", "area_se"),
    )

    assert inbox_layout(table, "area error,id,mean radius").features == (2, 0)
    with pytest.raises(TableRejected, match="'radius_mean' twice"):
        inbox_layout(table, "area error,id,mean radius,radius_mean")


GRADES = Table(
    dataset=Dataset("grades", "0a1b2c3d4e5f"),
    columns=("id", "a", "b", "c", "class"),
    header=False,
    delimiter=",",
    label="class",
    classes=("2", "4"),
    id="id",
    features=("a", "b", "c"),
    missing=("", "?"),
    dropped={},
    ranges=Ranges(np.full(3, 1.0), np.full(3, 10.0), np.full(3, 4.0)),
)
LABEL_FIRST = dataclasses.replace(GRADES, columns=("id", "class", "a", "b", "c"))


@pytest.mark.parametrize(
    ("lines", "features", "identity"),
    [
        (["5,1,1,2", "5,4,4,4", "5,1,1,2", "3,1,1,?"], (0, 1, 2), None),
        (["5,1,1,?", "5,4,4,4", "5,1,1,2", "3,1,1,2"], (0, 1, 2), None),
        (["1000025,5,1,1", "1000026,5,4,4", "1000027,3,1,2"], (1, 2, 3), 0),
        (["1000025,5,1,2", "1000026,5,4,4", "1000027,3,1,2"], (1, 2, 3), 0),
        (["1000025,5,1,2"], (1, 2, 3), 0),
        (["P1,5,1,2"], (1, 2, 3), 0),
    ],
)
def test_an_id_or_a_label_beside_grades_is_told_by_all_rows(
    lines: list[str], features: tuple[int, ...], identity: int | None
) -> None:
    found = inbox_layout(GRADES, "\n".join(lines))

    assert (found.features, found.id) == (features, identity)


@pytest.mark.parametrize(
    "lines",
    [
        ["5,1,1,2"],
        ["5,1,1,2", "3,4,4,4"],
        ["5,1,1,?", "5,4,4,?", "5,1,1,?"],
        ["5,1,1,1", "5,4,4,1", "5,1,1,1"],
    ],
)
def test_what_may_be_an_id_or_a_grade_is_rejected(lines: list[str]) -> None:
    with pytest.raises(TableRejected, match=r"columns-unknown.*add a header"):
        inbox_layout(GRADES, "\n".join(lines))


def test_labels_are_looked_at_in_all_rows() -> None:
    rows = ["7,2,5,1,1", *(f"{n},{n},5,1,1" for n in range(8, 20))]

    with pytest.raises(TableRejected, match=r"columns-unknown.*no label"):
        inbox_layout(LABEL_FIRST, "\n".join(rows))


@pytest.mark.parametrize("line", ["id,1,2,3", "id,class,0,1,2", "1,2,3,class", "MRN,1,2,3"])
def test_a_line_with_the_name_of_a_column_is_no_row(line: str) -> None:
    with pytest.raises(TableRejected, match=r"columns-unknown.*names"):
        inbox_layout(GRADES, line + "\n1000025,5,1,1\n")
