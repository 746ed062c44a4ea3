from __future__ import annotations

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.tables import roles
from sonoflow.tables.roles import Roles

NAMES = ("Unnamed: 0", "id", "label", "a", "Unnamed: 32")
MISSING = frozenset({"", "NA"})


def rows(first: list[int]) -> list[list[str]]:
    return [[str(n), f"p{n}", "MB"[n % 2], str(n % 3), ""] for n in first]


def test_columns_without_a_value_are_known() -> None:
    assert roles.without_values(NAMES, rows([*range(10)]), MISSING) == {"Unnamed: 32": "empty"}
    assert roles.without_values(NAMES, rows([*range(9)]), MISSING) == {}


@pytest.mark.parametrize("first", [[*range(10)], [*range(1, 12)], [7, 2, 9, 4, 1, 0, 3, 5, 8, 6]])
def test_a_column_that_is_called_so_counts_the_rows_in_any_order(first: list[int]) -> None:
    assert roles.counting(NAMES, rows(first)) == {"Unnamed: 0": "counts rows"}


def test_another_counts_them_in_their_order_only() -> None:
    names = ("number", *NAMES[1:])

    assert roles.counting(names, rows([*range(5, 25)])) == {"number": "counts rows"}
    assert roles.counting(names, rows([7, 2, 9, 4, 1, 0, 3, 5, 8, 6])) == {}
    assert roles.counting(NAMES, rows([0, 0, *range(9)])) == {}


def test_what_is_passed_over_for_its_content_is_said() -> None:
    said = roles.told({"a": "empty", "b": "counts rows", "c": "unnamed"}, 200)

    assert "in the first 200 rows" in said[0].detail
    assert [(one.code, one.settle) for one in said] == [
        ("empty-columns", '{"features": ["a", "…"]}'),
        ("counting-columns", '{"features": ["b", "…"]}'),
    ]


def test_of_many_columns_the_first_are_named() -> None:
    (said,) = roles.told({f"c{n}": "empty" for n in range(1000)}, 200)

    assert said.detail.endswith("'c19' and 980 more")
    assert len(said.settle) < 100


def test_where_nothing_is_left_it_is_said_what_was_passed_over() -> None:
    of = Roles(("label", "a"), True, {})

    with pytest.raises(DatasetRefused, match=r"no-features: .*passed over: 'a' \(counts rows\)"):
        of.features(0, None, {"a": "counts rows"})


def test_a_number_that_may_be_another_columns_name_is_refused() -> None:
    with pytest.raises(DatasetRefused, match=r"label-column-unknown: .*0 is none of"):
        Roles(("a", "0", "b"), True, {"label": 0}).label()

    assert Roles(("a", "0", "b"), True, {"label": "0"}).label() == 1
    assert Roles(("a", "0", "b"), True, {"label": 2}).label() == 2
