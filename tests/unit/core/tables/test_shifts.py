from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

from sonoflow.errors import DatasetRefused
from sonoflow.tables import shifts
from tests.unit.core.tables.field_cases import KAGGLE, nuclei

VALUES = np.array([[float(cell) for cell in row[2:]] for row in nuclei()])
LINES = np.arange(2, 62)


def moved(rows: list[int], start: int, *, left: bool) -> NDArray[np.float64]:
    values = VALUES.copy()
    for row in rows:
        if left:
            values[row, start:] = [*VALUES[row, start + 1 :], 0.1]
        else:
            values[row, start:] = [0.5, *VALUES[row, start:-1]]
    return values


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("start", [0, 3, 20])
def test_rows_that_moved_by_one_are_refused(left: bool, start: int) -> None:
    values = moved([5, 17, 30, 44], start, left=left)

    assert set(np.flatnonzero(shifts.are_moved(values))) == {5, 17, 30, 44}
    with pytest.raises(DatasetRefused, match=r"cells-shifted: 4 of 60 .* line 7") as caught:
        shifts.check(values, LINES, KAGGLE, chosen=False)
    assert '{"features": [' in caught.value.detail
    assert shifts.check(values, LINES, KAGGLE, chosen=True) == []


def test_few_of_many_are_said() -> None:
    values = np.concatenate([moved([5], 3, left=True), *[VALUES * 1.01] * 3])

    (said,) = shifts.check(values, np.arange(len(values)), KAGGLE, chosen=False)

    assert said.code == "cells-shifted"


def test_outliers_and_like_columns_have_not_moved() -> None:
    values = VALUES.copy()
    values[7, 3] *= 100
    values[9, 4] *= 100
    values[11] *= 10
    draw = np.random.default_rng(3)

    assert not shifts.are_moved(values).any()
    assert not shifts.are_moved(draw.integers(1, 11, (500, 9)).astype(float)).any()
    assert not shifts.are_moved(draw.lognormal(0, 0.8, (2000, 12))).any()
    for tails in (draw.lognormal(0, 1.5, (2000, 30)), draw.standard_cauchy((2000, 12))):
        assert shifts.are_moved(tails).mean() < 0.01


def test_in_the_wisconsin_data_nothing_has_moved() -> None:
    assert not shifts.are_moved(load_breast_cancer().data).any()
