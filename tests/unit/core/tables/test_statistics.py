from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sonoflow.tables.statistics import Classes, Moments, Rows, Statistics

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
