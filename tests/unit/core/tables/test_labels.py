from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.tables.labels import check_classes, order_classes
from sonoflow.tables.rows import BadRow
from sonoflow.tables.statistics import Classes, Rows, Statistics

BAD = [BadRow(line, "not-a-number", "column 'center' holds text") for line in range(2, 32)]


def statistics(labels: Sequence[str], bad: Sequence[BadRow] = ()) -> Statistics:
    """Of rows with these labels."""
    found, classes = Statistics(("a",)), Classes()
    count = len(labels)
    codes = classes.codes(labels)
    ids, splits = [""] * count, np.zeros(count, np.int8)
    values = np.arange(count, dtype=np.float64)[:, np.newaxis]
    found.add(Rows(np.arange(count), ids, labels, codes, list(classes.names), splits, values))
    found.set_aside(bad)
    return found


@pytest.mark.parametrize(
    ("labels", "positive", "classes"),
    [
        (["benign"] * 10 + ["malignant"] * 20, None, ["benign", "malignant"]),
        (["M"] * 20 + ["B"] * 10, None, ["B", "M"]),
        (["0.0"] * 10 + ["1.0"] * 20, None, ["0.0", "1.0"]),
        (["True"] * 20 + ["False"] * 10, None, ["False", "True"]),
        (["1"] * 20 + ["yes"] * 10, None, ["1", "yes"]),
        (["ill"] * 10 + ["well"] * 20, None, ["well", "ill"]),
        (["ill"] * 15 + ["well"] * 15, None, ["ill", "well"]),
        (["ill"] * 15 + ["well"] * 15, "ill", ["well", "ill"]),
        (["ill"] * 10 + ["well"] * 20, "sick", ["well", "ill"]),
        (["c"] * 10 + ["a"] * 10 + ["b"] * 10, None, ["a", "b", "c"]),
        (["x"] * 10, None, ["x"]),
    ],
)
def test_classes_are_numbered_so_that_the_positive_one_is_1(
    labels: list[str], positive: str | None, classes: list[str]
) -> None:
    assert list(order_classes(statistics(labels), positive)) == classes


@pytest.mark.parametrize(
    ("labels", "bad", "mapping", "reason", "detail"),
    [
        ([], [], {}, "empty-table", "no rows"),
        ([], BAD, {}, "too-few-rows", r"no row .*30 × not-a-number \(line 2: .*'center'"),
        (["x"] * 30, [], {}, "one-class-only", "all 30 usable rows are of class 'x'; none was"),
        (
            ["x"] * 25 + ["y"] * 5,
            [],
            {},
            "too-few-rows",
            "class 'y' has 5 usable rows, 10 are needed; none was set aside",
        ),
        (["x"] * 25 + ["y"] * 5, BAD, {}, "too-few-rows", "set aside: 30 × not-a-number"),
        (["B", "M"] * 10, [], {"positive": "m"}, "mapping-invalid", r"'m'.*\['B', 'M'\]"),
        (["a", "b", "c"] * 10, [], {"positive": "a"}, "mapping-invalid", "'positive' is 'a'"),
    ],
)
def test_classes_that_cannot_be_learned_are_refused_with_a_reason(
    labels: list[str], bad: list[BadRow], mapping: dict[str, Any], reason: str, detail: str
) -> None:
    with pytest.raises(DatasetRefused, match=detail) as caught:
        check_classes(statistics(labels, bad), mapping, 10)

    assert caught.value.reason == reason


def test_of_why_rows_were_set_aside_the_three_commonest_are_told() -> None:
    several = [BadRow(n, f"reason-{n % 4}", "") for n in range(22)]

    with pytest.raises(DatasetRefused) as caught:
        check_classes(statistics(["x"] * 30, several), {}, 10)

    assert [f"reason-{n}" in caught.value.detail for n in range(4)] == [True, True, True, False]
    assert "6 × reason-0 (line 0: )" in caught.value.detail


def test_just_enough_rows_of_every_class_will_do() -> None:
    check_classes(statistics(["B", "M"] * 10, BAD), {"positive": "B"}, 10)
    check_classes(statistics(["a", "b", "c"] * 10), {}, 10)
