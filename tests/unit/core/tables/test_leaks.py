from __future__ import annotations

import numpy as np
import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.tables import leaks
from sonoflow.tables.statistics import Classes, Rows, Statistics

COUNT = 60
LABELS = ["MB"[n % 3 > 0] for n in range(COUNT)]
TRUTH = np.array([label == "M" for label in LABELS])
MEASURE = np.arange(COUNT) % 17 / 3


def statistics(**features: np.ndarray) -> Statistics:
    found, classes = Statistics(tuple(features)), Classes()
    codes = classes.codes(LABELS)
    values = np.stack(list(features.values()), axis=1).astype(np.float64)
    splits = np.zeros(COUNT, np.int8)
    for part in (slice(0, 25), slice(25, COUNT)):
        lines = np.arange(COUNT)[part]
        found.add(
            Rows(
                lines,
                [""] * len(lines),
                LABELS[part],
                codes[part],
                list(classes.names),
                splits[part],
                values[part],
            )
        )
    return found


@pytest.mark.parametrize("copy", [TRUTH, ~TRUTH, np.where(TRUTH, 4, 2), np.where(TRUTH, -0.5, 1e6)])
def test_a_feature_that_is_the_label_again_is_refused(copy: np.ndarray) -> None:
    found = statistics(measure=MEASURE, target=copy)

    with pytest.raises(
        DatasetRefused, match=r"label-leaked: .*'target'.*\{\"ignore\": \[\"target\""
    ):
        leaks.check(found, ("measure", "target"), chosen=False)

    assert leaks.check(found, ("measure", "target"), chosen=True) == []
    assert leaks.check(found, ("measure",), chosen=False) == []


def test_a_feature_that_parts_the_classes_is_said() -> None:
    found = statistics(measure=MEASURE, score=TRUTH * 10 + MEASURE)

    (said,) = leaks.check(found, ("measure", "score"), chosen=False)

    assert (said.code, said.settle) == ("parts-the-classes", '{"ignore": ["score"]}')


def test_the_label_with_an_error_is_said() -> None:
    copy = np.where(TRUTH, 4, 2)
    copy[0] = 2

    (said,) = leaks.check(statistics(copy=copy), ("copy",), chosen=False)

    assert said.settle == '{"ignore": ["copy"]}'


def test_what_parts_all_rows_but_some_is_a_feature() -> None:
    score = TRUTH * 5 + MEASURE

    assert leaks.check(statistics(score=score), ("score",), chosen=False) == []


@pytest.mark.parametrize("values", [(0, 1), (1, 0), (1, 2), (-3.5, 1e6)])
def test_two_values_that_mostly_agree_with_the_label_are_said(values: tuple[float, float]) -> None:
    copy = np.where(TRUTH ^ (np.arange(COUNT) % 10 == 4), *values[::-1])
    found = statistics(measure=MEASURE, dx=copy)

    (said,) = leaks.check(found, ("measure", "dx"), chosen=False)

    assert (said.code, said.settle) == ("agrees-with-label", '{"ignore": ["dx"]}')
    assert "90 % of the rows" in said.detail
    assert leaks.check(found, ("measure", "dx"), chosen=True) == []
    assert leaks.check(found, ("measure",), chosen=False) == []


def test_two_values_that_seldom_agree_and_three_that_do_are_measures() -> None:
    seldom = TRUTH ^ (np.arange(COUNT) % 4 == 1)
    rare = np.arange(COUNT) == 7  # right of one class alone
    three = np.where(np.arange(COUNT) % 10 == 4, 0.5, TRUTH ^ (np.arange(COUNT) % 10 == 5))
    found = statistics(seldom=seldom, rare=rare, three=three)

    assert leaks.check(found, ("seldom", "rare", "three"), chosen=False) == []
