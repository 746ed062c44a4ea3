from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.tables import ranges
from sonoflow.tables.ranges import Ranges

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
