from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.tables.columns import WDBC_COLUMNS, find_columns
from sonoflow.tables.layout import RowLayout
from sonoflow.tables.mapping import DEFAULT_MISSING
from tests.unit.staged_tables import wdbc, with_header, written


def test_wdbc_is_known_by_its_shape() -> None:
    found = find_columns(written(wdbc()[:50]), {})

    assert found.layout == RowLayout(
        columns=WDBC_COLUMNS,
        features=tuple(range(2, 32)),
        missing=frozenset({"", *DEFAULT_MISSING}),
        label=1,
        id=0,
    )
    assert (found.name_of_label, found.features) == ("diagnosis", WDBC_COLUMNS[2:])
    assert (found.features[0], found.features[-1]) == ("mean_radius", "worst_fractal_dimension")
    assert found.dropped == {}


def test_a_few_bad_lines_do_not_hide_it_and_most_do() -> None:
    rows = wdbc()[:50]
    for row in rows[:20]:
        row[7] = "x"
    assert find_columns(written(rows), {}).layout.columns == WDBC_COLUMNS

    for row in rows[:30]:
        row[7] = "x"
    with pytest.raises(DatasetRefused, match=r"no header.*column_0, column_1"):
        find_columns(written(rows), {})


@pytest.mark.parametrize(
    ("delimiter", "newline", "mark"),
    [
        (",", "\r\n", b"\xef\xbb\xbf"),
        (";", "\n", b"\xef\xbb\xbf"),
        ("\t", "\r\n", b""),
        ("|", "\n", b""),
    ],
)
def test_a_header_may_name_the_columns_in_any_order(
    delimiter: str, newline: str, mark: bytes
) -> None:
    order = np.random.default_rng(7).permutation(32).tolist()
    data = mark + written(with_header(wdbc()[:100], order), delimiter, newline)

    found = find_columns(data, {})

    names = [WDBC_COLUMNS[at] for at in order]
    assert list(found.layout.columns) == names
    assert list(found.features) == [WDBC_COLUMNS[at] for at in order if at > 1]
    assert found.name_of_label == "diagnosis"
    assert (found.layout.id, found.layout.header) == (names.index("id"), True)
    assert (found.layout.delimiter, found.layout.trailing) == (delimiter, False)


def test_a_header_with_a_delimiter_at_its_end_is_known() -> None:
    """As the copy of WDBC that most people have is written."""
    lines = written(with_header(wdbc()[:100], list(range(32)))).split(b"\n")
    lines[0] += b","

    found = find_columns(b"\n".join(lines), {})

    assert (found.layout.columns, found.layout.trailing) == (WDBC_COLUMNS, True)
    assert found.dropped == {}


@pytest.mark.parametrize(
    ("data", "delimiter"),
    [
        (b"label;a\nx;1,5\ny;2,5\n", ";"),
        (b"label,a\nx,1\nhallo|welt\n", ","),
        (b"label;a;b\nx, y;1;2\nz, y;3;4\n", ";"),
        (b"label;a;b\n" + b"x;1,5;2,5\n" * 20, ";"),
        (b"label,a,b|c\n" + b"x,1,2|3\n" * 20 + b"a|note\n", ","),
    ],
    ids=["decimal commas", "one line otherwise", "in words", "as many commas", "fewer bars"],
)
def test_the_delimiter_is_what_most_lines_agree_on(data: bytes, delimiter: str) -> None:
    assert find_columns(data, {}).layout.delimiter == delimiter


def test_a_mapping_says_how_the_file_is_written() -> None:
    data = b"1,5;2\n1,5;7\n2,5;8\n"

    found = find_columns(data, {"delimiter": ";", "header": True, "label": "2", "missing": ["-9"]})

    assert (found.layout.columns, found.layout.delimiter) == (("1,5", "2"), ";")
    assert (found.layout.header, found.name_of_label) == (True, "2")
    assert found.layout.missing == {"", "-9"}  # an empty cell is never a value


def test_a_mapping_says_what_the_columns_are() -> None:
    data = b"site,case,finding,size,depth\nward 3,c1,plain,3,4\n"

    found = find_columns(data, {"label": "finding", "id": "case", "ignore": ["site"]})

    assert (found.name_of_label, found.features) == ("finding", ("size", "depth"))
    assert found.layout.id == 1


def test_columns_without_header_go_by_number() -> None:
    data = b"0,0,0\n1,1,1\n2,0,4\n"

    found = find_columns(data, {"label": 1, "features": [2, "column_0"]})

    assert found.layout.columns == ("column_0", "column_1", "column_2")
    assert (found.name_of_label, found.features) == ("column_1", ("column_2", "column_0"))
    assert (found.layout.id, found.layout.header) == (None, False)


@pytest.mark.parametrize("name", ["Diagnosis", " CLASS", "target ", "Y"])
def test_a_label_is_known_by_its_name_however_it_is_spelled(name: str) -> None:
    found = find_columns(f"a,{name},b\n1,x,2\n".encode(), {})

    assert (found.name_of_label, found.features) == (name.strip(), ("a", "b"))


def test_columns_that_would_tell_rows_apart_are_no_features() -> None:
    """pandas writes its index under an empty name; a patient's number is no measure."""
    data = b",id,Patient ID,label,a\n0,0,0,x,0\n1,1,0,y,1\n"

    found = find_columns(data, {})

    assert (found.layout.id, found.features) == (1, ("a",))
    assert found.dropped == {"column_0": "unnamed", "Patient ID": "identifier"}


def test_what_is_asked_for_by_name_is_no_longer_dropped() -> None:
    data = b",id,Patient ID,label,a\n0,0,0,x,0\n1,1,0,y,1\n"

    chosen = find_columns(data, {"features": ["Patient ID", "a"]})
    ignoring = find_columns(data, {"ignore": ["Patient ID"]})

    assert (chosen.features, chosen.dropped) == (("Patient ID", "a"), {})
    assert (ignoring.features, ignoring.dropped) == (("a",), {"column_0": "unnamed"})


def test_an_id_that_is_none_is_said_so() -> None:
    found = find_columns(written(wdbc()[:50]), {"id": None})

    assert (found.layout.id, found.dropped) == (None, {"id": "identifier"})
    assert found.features == WDBC_COLUMNS[2:]


@pytest.mark.parametrize(
    ("data", "mapping", "reason", "detail"),
    [
        (b"", {}, "empty-table", "blank"),
        (b"\n \n", {}, "empty-table", "blank"),
        (b"dear colleague\nbye\n", {}, "not-a-table", "no comma, semicolon"),
        (b"PK\x03\x04abc,def\n", {}, "not-a-table", "no text"),
        ("label,a\nx,1\n".encode("utf-16"), {}, "not-a-table", "no text"),
        (b"label,a\nx,\0\n", {}, "not-a-table", "no text"),
        (b"label,a,a\nx,1,2\n", {}, "not-a-table", "'a' twice"),
        (b"label;a\nx;1\n", {"delimiter": "|"}, "not-a-table", "single cell"),
        (b"label,a\nx,2\n", {"ignore": ["a"]}, "no-features", "no column is left"),
        (b"size,a\n1,2\n", {}, "label-column-unknown", "mapping.json.*Columns: size, a"),
        (b"1,2\n3,4\n", {}, "label-column-unknown", "no header.*column_0, column_1"),
        (b"label,class,a\nx,x,2\n", {}, "label-column-unknown", "'label', 'class'"),
        (b"label,a\nx,2\n", {"label": "b"}, "label-column-unknown", "'b' is none of"),
        (b"label,a\nx,2\n", {"label": 2}, "label-column-unknown", "2 is none of"),
        (b"label,a\nx,2\n", {"features": ["b"]}, "mapping-invalid", "'b'"),
        (b"label,a\nx,2\n", {"features": ["label"]}, "mapping-invalid", "'features'"),
        (b"label,a\nx,2\n", {"features": ["a", "a"]}, "mapping-invalid", "'features'.*twice"),
        (b"label,a\nx,2\n", {"ignore": ["b"]}, "mapping-invalid", "'ignore'.*'b'.*label, a"),
        (b"label,a\nx,2\n", {"id": "label"}, "mapping-invalid", "same column"),
        (b"label,a\nx,2\n", {"id": 2}, "mapping-invalid", "'id' names 2"),
    ],
)
def test_columns_that_nothing_can_be_made_of_are_refused_with_a_reason(
    data: bytes, mapping: dict[str, Any], reason: str, detail: str
) -> None:
    with pytest.raises(DatasetRefused, match=f"(?s){detail}") as caught:
        find_columns(data, mapping)

    assert caught.value.reason == reason


def test_of_many_columns_a_message_lists_the_first() -> None:
    names = ",".join(f"c{number}" for number in range(100))

    with pytest.raises(DatasetRefused, match=r"Columns: c0, .*, c39 and 60 more$"):
        find_columns(names.encode(), {})


def test_a_number_counts_columns_below_a_header_too() -> None:
    columns = find_columns(b"a,outcome,case\n1,x,7\n2,y,8\n", {"label": 1, "id": 2})

    assert (columns.label, columns.layout.id, columns.features) == (1, 2, ("a",))


def test_columns_that_keep_the_books_are_no_features() -> None:
    body = "".join(f"{n},{n % 4},{n % 7 / 2},{'MB'[n % 2]}\n" for n in range(40))

    columns = find_columns(f"id,fold,a,diagnosis\n{body}".encode(), {})

    assert columns.features == ("a",)
    assert [one.code for one in columns.assumptions] == ["bookkeeping-columns"]
    named = find_columns(f"id,fold,a,diagnosis\n{body}".encode(), {"features": ["fold", "a"]})
    assert (named.features, named.assumptions) == (("fold", "a"), ())


def test_rows_of_one_patient_are_refused_and_what_is_said_settles_it() -> None:
    body = "".join(f"s{n},{n // 4},{n % 7 / 2},{'MB'[n % 2]}\n" for n in range(40))
    data = f"id,patient_id,a,diagnosis\n{body}".encode()

    with pytest.raises(DatasetRefused, match="rows-belong-together: column 'patient_id'"):
        find_columns(data, {})

    assert find_columns(data, {"id": "patient_id"}).layout.id == 1
    assert find_columns(data, {"ignore": ["patient_id"]}).features == ("a",)


def test_of_two_lines_of_names_the_first_can_be_passed_over() -> None:
    data = b",mean,mean,\nid,a,b,label\n" + b"".join(b"%d,%d.5,2.5,x\n" % (n, n) for n in range(12))

    with pytest.raises(DatasetRefused, match=r'not-a-table: .*\{"skip": 1\}'):
        find_columns(data, {})

    assert find_columns(data, {"skip": 1}).features == ("a", "b")
