from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sonoflow.tables.columns import WDBC_COLUMNS
from sonoflow.tables.rows import BadRow
from sonoflow.tables.statistics import Classes, Moments, Rows, Statistics
from sonoflow.tables.table import Table
from tests.unit.core.tables import table_documents
from tests.unit.staged_tables import wdbc

VALUES = arrays(
    np.float64,
    st.tuples(st.integers(2, 40), st.just(3)),
    elements=st.floats(-1e6, 1e6, width=32),
)


def rows(values: np.ndarray, labels: list[str], splits: list[int], classes: Classes) -> Rows:
    count = len(labels)
    codes = classes.codes(labels)
    lines = np.arange(count)
    chosen = np.array(splits, np.int8)
    return Rows(lines, [""] * count, labels, codes, list(classes.names), chosen, values)


@given(VALUES, st.integers(1, 40))
def test_moments_by_blocks_are_those_of_the_whole(values: np.ndarray, block: int) -> None:
    moments = Moments.empty(3, products=True)
    for start in range(0, len(values), block):
        moments.add(values[start : start + block])

    assert moments.count == len(values)
    np.testing.assert_allclose(moments.mean, values.mean(axis=0), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(moments.deviation, values.std(axis=0, ddof=1), rtol=1e-9, atol=1e-6)
    assert moments.products is not None
    np.testing.assert_allclose(
        moments.products / (len(values) - 1), np.cov(values.T), rtol=1e-9, atol=1e-2
    )


def test_a_small_spread_far_from_zero_is_not_lost() -> None:
    values = 1e8 + np.array([[0.0], [1.0], [2.0]] * 1000)
    moments = Moments.empty(1)
    for start in range(0, 3000, 70):
        moments.add(values[start : start + 70])

    assert moments.deviation[0] == pytest.approx(values.std(ddof=1), rel=1e-9)


def test_classes_are_numbered_as_they_come() -> None:
    classes = Classes()

    assert classes.codes(["M", "B", "M"]).tolist() == [0, 1, 0]
    assert classes.codes(["B", "U"]).tolist() == [1, 2]
    assert classes.names == ["M", "B", "U"]


def test_a_feature_that_32_bits_cannot_tell_apart_is_constant() -> None:
    statistics, classes = Statistics(("same", "close", "other")), Classes()
    statistics.add(rows(np.array([[1, 1, 1], [1, 1 + 1e-12, 2]]), ["M", "B"], [0, 0], classes))

    assert statistics.constant() == ["same", "close"]


def test_a_feature_that_is_constant_in_training_is_only_shifted() -> None:
    statistics, classes = Statistics(("a",)), Classes()
    statistics.add(rows(np.array([[3.0], [3.0], [5.0]]), ["M", "B", "M"], [0, 0, 2], classes))

    standardisation = statistics.standardisation(("a",))

    assert (standardisation.mean, standardisation.scale) == ((3.0,), (1.0,))


def test_statistics_are_those_of_numpy() -> None:
    values = np.array([[float(cell) for cell in cells[2:]] for cells in wdbc()])
    labels = [cells[1] for cells in wdbc()]
    malignant = np.array(labels) == "M"
    names = WDBC_COLUMNS[2:]
    statistics, classes = Statistics(names), Classes()
    for start in range(0, 569, 100):
        part = slice(start, start + 100)
        splits = [number % 3 for number in range(start, min(569, start + 100))]
        statistics.add(rows(values[part], labels[part], splits, classes))

    found = statistics.document(Table.parse(table_documents.table(*names)))

    assert (found["rows"], found["classes"]) == (569, {"B": 357, "M": 212})
    assert found["splits"] == {
        split: {
            "B": int((~malignant[number::3]).sum()),
            "M": int(malignant[number::3].sum()),
        }
        for number, split in enumerate(("train", "validation", "test"))
    }
    for at, (name, feature) in enumerate(found["features"].items()):
        column = values[:, at]
        assert name == names[at]
        assert (feature["minimum"], feature["maximum"]) == (column.min(), column.max())
        assert feature["mean"] == pytest.approx(column.mean())
        assert feature["standard_deviation"] == pytest.approx(column.std(ddof=1))
        for label, chosen in (("B", ~malignant), ("M", malignant)):
            assert feature["by_class"][label] == {
                "mean": pytest.approx(column[chosen].mean()),
                "standard_deviation": pytest.approx(column[chosen].std(ddof=1)),
            }
    np.testing.assert_allclose(found["correlations"], np.corrcoef(values.T), atol=1e-6)
    assert found["quarantine"] == {}
    assert found["baseline"] == {"train_median_label": 0.0}


def test_the_document_is_of_the_features_that_the_table_uses() -> None:
    statistics, classes = Statistics(("same", "up", "down")), Classes()
    values = np.array([[7, 1, 4], [7, 2, 3], [7, 3, 1]], np.float64)
    statistics.add(rows(values, ["M", "B", "M"], [0, 0, 0], classes))

    columns = ["column_0", "column_1", "same", "up", "down"]
    table = Table.parse(table_documents.table("down", "up", columns=columns))
    found = statistics.document(table)

    assert list(found["features"]) == ["down", "up"]
    expected = np.corrcoef(values[:, [2, 1]].T)
    np.testing.assert_allclose(found["correlations"], expected, atol=1e-6)
    assert found["baseline"] == {"train_median_label": 1.0}


def test_what_is_set_aside_is_counted_by_reason_with_the_first_example() -> None:
    statistics = Statistics(("a",))
    statistics.set_aside([BadRow(4, "x", "first"), BadRow(5, "y", "other")])
    statistics.set_aside([BadRow(9, "x", "second")])

    assert statistics.quarantine == {"x": 2, "y": 1}
    assert statistics.examples == {"x": BadRow(4, "x", "first"), "y": BadRow(5, "y", "other")}


def test_correlations_of_very_many_features_are_not_kept() -> None:
    names = tuple(f"f{number}" for number in range(201))
    statistics, classes = Statistics(names), Classes()
    values = np.random.default_rng(7).standard_normal((4, 201))
    statistics.add(rows(values, ["B", "M", "B", "M"], [0, 0, 1, 2], classes))

    found = statistics.document(Table.parse(table_documents.table(*names)))

    assert found["correlations"] is None
    assert len(found["features"]) == 201


def counted(values: np.ndarray, bad: int = 0) -> list[str]:
    found = Statistics(("a",))
    count = len(values)
    codes, labels = np.zeros(count, np.int64), ["x"] * count
    found.set_aside(BadRow(n, "missing-value", "") for n in range(bad))
    found.add(
        Rows(np.arange(count), labels, labels, codes, ["x"], codes.astype(np.int8), values[:, None])
    )
    return found.counting()


def test_a_feature_that_counts_the_rows_is_known_in_whatever_order() -> None:
    numbers = np.random.default_rng(7).permutation(300).astype(np.float64)

    assert counted(numbers) == ["a"]
    assert counted(numbers + 1000) == ["a"]
    assert counted(numbers[:280], bad=20) == ["a"]


@pytest.mark.parametrize(
    "values",
    [
        np.arange(300) / 2,
        np.arange(300) * 2.0,
        np.arange(300) % 150 * 1.0,
        np.arange(40.0),
        np.round(np.random.default_rng(7).normal(150, 50, 300)),
    ],
    ids=["halves", "even", "twice", "few", "normal"],
)
def test_other_numbers_do_not_count_rows(values: np.ndarray) -> None:
    assert counted(values) == []


def test_spellings_of_a_label_are_one_class() -> None:
    classes = Classes()

    assert classes.codes(["m", "B", "M", " benign"]).tolist() == [0, 1, 0, 1]
    assert classes.named(["M", "B"], np.array([0, 1])) == ["m", "B"]
    assert (classes.names, classes.spellings["m"]) == (["m", "B"], ["m", "M"])


def test_a_mapping_says_which_class_a_label_is() -> None:
    classes = Classes({"1": "M", "m": "m"})

    assert classes.codes(["1", "M", "m", "2"]).tolist() == [0, 0, 1, 2]
    assert classes.names == ["M", "m", "2"]
