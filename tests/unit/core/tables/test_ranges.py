from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.tables import ranges
from sonoflow.tables.ranges import Ranges, Sample

NAMES = ("area", "concavity", "change")
RANGES = Ranges(np.array([140.0, 0, -5]), np.array([2500.0, 0.4, 5]), np.array([650.0, 0.09, 0]))


@pytest.mark.parametrize(
    ("row", "outside"),
    [
        ([140, 0, -5], [False, False, False]),
        ([71, 0.59, 9.9], [False, False, False]),
        ([1.326, 0, 0], [True, False, False]),
        ([3681, 0.61, 10.1], [True, True, True]),
        ([650, -0.01, -10.1], [False, True, True]),
    ],
)
def test_far_outside_is_half_a_range_or_half_of_the_smallest(
    row: list[float], outside: list[bool]
) -> None:
    assert RANGES.far_outside(np.array([row], np.float64)).tolist() == [outside]


def test_ranges_are_read_as_they_were_written() -> None:
    document = json.loads(json.dumps(RANGES.document(NAMES)))

    found = Ranges.parse(document, NAMES)

    assert document["area"] == {"minimum": 140.0, "maximum": 2500.0, "mean": 650.0}
    assert found.minimum.tolist() == RANGES.minimum.tolist()
    assert found.maximum.tolist() == RANGES.maximum.tolist()
    assert found.mean.tolist() == RANGES.mean.tolist()


@pytest.mark.parametrize("document", [{}, {"area": {}}, {"area": {"minimum": "x"}}, {"area": 3}])
def test_broken_ranges_are_told_apart(document: Any) -> None:
    with pytest.raises(PayloadInvalid, match="'ranges'"):
        Ranges.parse(document, ("area",))


@pytest.mark.parametrize(
    ("features", "far", "shifted"),
    [(30, 7, False), (30, 8, True), (4, 1, False), (4, 2, True), (1, 1, True), (2, 1, False)],
)
def test_a_row_is_shifted_where_many_of_its_values_are_far_outside(
    features: int, far: int, shifted: bool
) -> None:
    outside = np.zeros((1, features), dtype=bool)
    outside[0, :far] = True

    assert ranges.are_shifted(outside).tolist() == [shifted]


def sampled(values: list[list[float]], step: int = 7) -> Sample:
    sample = Sample(len(values[0]))
    for start in range(0, len(values), step):
        sample.add(np.array(values[start : start + step]))
    return sample


def test_a_mistyped_value_opens_no_range() -> None:
    rows = [[float(n), 5.0] for n in range(100)]
    sample = sampled([*rows, [17990.0, 5.0]])

    low, high = sample.usual(np.array([0.0, 5.0]), np.array([17990.0, 5.0]))

    assert low.tolist() == [0.0, 5.0]
    assert 99 <= high[0] < 1000
    assert high[1] == 5.0


def test_of_few_rows_nothing_is_unusual() -> None:
    sample = sampled([[float(n)] for n in range(10)] + [[1000.0]])

    assert sample.usual(np.array([0.0]), np.array([1000.0]))[1].tolist() == [1000.0]


def test_a_sample_is_bounded_and_the_same_however_rows_come() -> None:
    rows = [[float(n)] for n in range(500_000)]

    found = [sampled(rows, step).values for step in (1000, 70_001)]

    assert len(found[0]) <= 200_000
    assert found[0].tolist() == found[1].tolist()
    assert set(np.diff(found[0][:, 0])) == {4.0}


@pytest.mark.parametrize(
    ("values", "none"),
    [
        ([1, 2, -999], [-999]),
        ([1, 0, -99], [-99]),
        ([1, -2, -999], [-999]),
        ([1, 2, -3], []),
        ([5, 2, -99, -9, -99], [-9, -99]),
        ([-500, 700, -999], []),
        ([3, 9, 999, 999], [999]),
        ([3, 9, 999], []),
        ([3, 900, 999, 999], []),
        ([0.5, -1, 0.7], []),
        ([0.5, -1, 0.7, -1, -1], [-1]),
        ([-1, -0.5, 1, -1], []),
    ],
)
def test_a_sign_of_no_value_is_known(values: list[float], none: list[float]) -> None:
    ends = np.array([float(min(values))]), np.array([float(max(values))])

    found = sampled([[float(value)] for value in values]).signs(*ends)

    assert found == ({0: none} if none else {})


@pytest.mark.parametrize("sign", [-999.0, 9999.0])
def test_many_signs_of_no_value_open_no_range(sign: float) -> None:
    rows = [[sign if n % 5 == 0 else 10.0 + n % 7] for n in range(100)]

    low, high = sampled(rows).usual(np.array([min(10.0, sign)]), np.array([max(16.0, sign)]))

    assert (low.tolist(), high.tolist()) == ([10.0], [16.0])


MEASURES = [20 + n * 1.25 for n in range(40)]


@pytest.mark.parametrize(
    ("values", "none"),
    [
        ([*MEASURES, 0, 0, 0], [0]),
        ([*MEASURES, 0, 0, 0, -999], [-999, 0]),
        ([*MEASURES, 0, 0], []),
        ([*MEASURES, 0, 0, 0, 2], []),
        ([*[one - 12 for one in MEASURES], 0, 0, 0], []),
        ([*MEASURES, -5, 0, 0, 0], []),
        ([*range(1, 41), 0, 0, 0], []),
        ([5, 6, 7] * 10 + [0, 0, 0], []),
        ([0, 1] * 30, []),
    ],
)
def test_a_nought_far_below_all_measures_is_a_sign(values: list[float], none: list[float]) -> None:
    ends = np.array([float(min(values))]), np.array([float(max(values))])
    sample = sampled([[float(value)] for value in values])

    assert sample.signs(*ends) == ({0: none} if none else {})
    if none:
        assert sample.usual(*ends)[0] == [20]


def test_of_noughts_it_is_said_that_cells_are_to_be_empty() -> None:
    zero, both = [0.0], [-999.0, 0.0]

    (said,) = ranges.no_values_said({"glucose": zero}, ("",))
    assert (said.code, said.settle) == ("zero-may-be-no-value", '{"ignore": ["glucose"]}')
    first, second = ranges.no_values_said({"a": both, "b": [-99.0]}, ("",))
    assert (json.loads(first.settle), "'a', 'b'" in first.detail) == (
        {"missing": ["", "-99", "-999"]},
        True,
    )
    assert second.settle == '{"ignore": ["a"]}'
    assert ranges.no_values_said({}, ("",)) == []
