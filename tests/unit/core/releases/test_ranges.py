from __future__ import annotations

from typing import Any

import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.releases import ranges
from sonoflow.releases.ranges import LINEAR, LOGARITHMIC, Choice, Interval, Range

RATE = Interval("learning-rate", 1e-4, 1e-2, LOGARITHMIC)
DECAY = Interval("weight-decay", 1e-4, 1e-1, LOGARITHMIC)
BATCH = Choice("batch-size", (8, 16, 32), whole=True)
EPOCHS = Interval("epochs", 6, 12, whole=True)
# As the scripts declare them.
DECLARED = {
    "learning-rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 10},
    "weight-decay": {"type": "number", "minimum": 0, "maximum": 10},
    "batch-size": {"type": "integer", "minimum": 1, "maximum": 4096},
    "epochs": {"type": "integer", "minimum": 1, "maximum": 10000},
}


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        (
            RATE,
            {"MinValue": 0.001, "MaxValue": 0.5},
            Interval("learning-rate", 0.001, 0.5, LOGARITHMIC),
        ),
        (
            DECAY,
            {"MinValue": 0, "MaxValue": 0.1, "ScalingType": "Linear"},
            Interval("weight-decay", 0, 0.1, LINEAR),
        ),
        (
            BATCH,
            {"MinValue": 4, "MaxValue": 64, "ScalingType": "Logarithmic"},
            Interval("batch-size", 4, 64, LOGARITHMIC, whole=True),
        ),
        (BATCH, {"MinValue": 4, "MaxValue": 64}, Interval("batch-size", 4, 64, LINEAR, whole=True)),
        (EPOCHS, {"Values": [5, 20]}, Choice("epochs", (5, 20), whole=True)),
        (RATE, {"Values": [0.1]}, Choice("learning-rate", (0.1,))),
    ],
)
def test_a_range_may_become_another_in_the_same_numbers(
    given: Range, wanted: dict[str, Any], expected: Range
) -> None:
    assert ranges.overridden(given, wanted, DECLARED[given.name]) == expected


@pytest.mark.parametrize(
    ("given", "wanted", "complaint"),
    [
        (RATE, 0.1, "must be an object"),
        (RATE, {"MinValue": 0.1}, "must have MinValue and MaxValue, or Values"),
        (RATE, {"MinValue": 1, "MaxValue": 2, "Step": 1}, "must have MinValue and MaxValue"),
        (RATE, {"MinValue": 1, "MaxValue": 0.1}, "MinValue 1 must be below MaxValue 0.1"),
        (RATE, {"MinValue": 1, "MaxValue": 1}, "MinValue 1 must be below MaxValue 1"),
        (DECAY, {"MinValue": 0, "MaxValue": 1}, "above 0 for ScalingType Logarithmic"),
        (RATE, {"MinValue": 0, "MaxValue": 1}, "takes a number above 0 and 10 at most, not 0"),
        (RATE, {"Values": [0, 0.1]}, "takes a number above 0"),
        (RATE, {"MinValue": "a", "MaxValue": 1}, "takes a number .*not 'a'"),
        (RATE, {"Values": [float("nan")]}, "takes a number .*not nan"),
        (DECAY, {"Values": [-0.1]}, "takes a number from 0 to 10, not -0.1"),
        (DECAY, {"MinValue": 1, "MaxValue": 2, "ScalingType": "Log"}, "ScalingType must"),
        (BATCH, {"Values": []}, "must be a list of different numbers"),
        (BATCH, {"Values": [8, 8]}, "must be a list of different numbers"),
        (BATCH, {"Values": [8.5]}, "takes a whole number .*not 8.5"),
        (EPOCHS, {"MinValue": 0, "MaxValue": 4}, "takes a whole number from 1 to 10000, not 0"),
        (EPOCHS, {"Values": [True]}, "takes a whole number .*not True"),
        (EPOCHS, {"Values": list(range(1, 32))}, "takes 30 Values at most, not 31"),
    ],
)
def test_a_bad_range_is_named(given: Range, wanted: Any, complaint: str) -> None:
    with pytest.raises(
        PayloadInvalid, match=rf"'Tune\.ParameterRanges\.{given.name}'.*{complaint}"
    ):
        ranges.overridden(given, wanted, DECLARED[given.name])


@pytest.mark.parametrize(("one", "top"), [(EPOCHS, 12), (Choice("epochs", (20, 27, 5)), 27)])
def test_the_top_is_the_largest_value_that_can_be_drawn(one: Range, top: float) -> None:
    assert ranges.top(one) == top


def test_a_request_holds_ranges_by_their_kind_and_numbers_as_text() -> None:
    assert ranges.request((BATCH, EPOCHS, RATE, DECAY)) == {
        "CategoricalParameterRanges": [{"Name": "batch-size", "Values": ["8", "16", "32"]}],
        "IntegerParameterRanges": [
            {"Name": "epochs", "MinValue": "6", "MaxValue": "12", "ScalingType": "Linear"}
        ],
        "ContinuousParameterRanges": [
            {
                "Name": "learning-rate",
                "MinValue": "0.0001",
                "MaxValue": "0.01",
                "ScalingType": "Logarithmic",
            },
            {
                "Name": "weight-decay",
                "MinValue": "0.0001",
                "MaxValue": "0.1",
                "ScalingType": "Logarithmic",
            },
        ],
    }
    assert ranges.request(()) == {}
