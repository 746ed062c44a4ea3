from __future__ import annotations

import math
import random
from typing import Any

import pytest

from local.sagemaker.tuning.space import BadRange, parse


def draws(kind: str, count: int = 400, **members: Any) -> list[str]:
    space = parse({f"{kind}ParameterRanges": [{"Name": "x", **members}]})
    rng = random.Random(1)  # noqa: S311 - no secret
    return [space.draw(rng)["x"] for _ in range(count)]


def test_a_linear_interval_is_drawn_evenly() -> None:
    found = [float(text) for text in draws("Continuous", MinValue="0", MaxValue="10")]

    assert 0 <= min(found) < 1 < 9 < max(found) <= 10
    assert sum(found) / len(found) == pytest.approx(5, abs=0.5)


def test_a_logarithmic_interval_is_drawn_evenly_by_magnitude() -> None:
    interval = {"MinValue": "1e-4", "MaxValue": "1", "ScalingType": "Logarithmic"}

    found = [math.log10(float(text)) for text in draws("Continuous", **interval)]

    assert -4 <= min(found) < max(found) <= 0
    assert sum(found) / len(found) == pytest.approx(-2, abs=0.2)


def test_a_reverse_logarithmic_interval_is_dense_near_one() -> None:
    interval = {"MinValue": "0", "MaxValue": "0.9999", "ScalingType": "ReverseLogarithmic"}

    found = [math.log10(1 - float(text)) for text in draws("Continuous", **interval)]

    assert sum(found) / len(found) == pytest.approx(-2, abs=0.2)


@pytest.mark.parametrize("scaling", ["Linear", "Logarithmic", "Auto"])
def test_whole_numbers_reach_both_ends(scaling: str) -> None:
    found = draws("Integer", MinValue="2", MaxValue="5", ScalingType=scaling)

    assert set(found) == {"2", "3", "4", "5"}


def test_categories_are_drawn_as_they_are_written() -> None:
    assert set(draws("Categorical", Values=["8", '"a"'])) == {"8", '"a"'}


@pytest.mark.parametrize(
    ("kind", "members", "complaint"),
    [
        ("Continuous", {"MinValue": "2", "MaxValue": "1"}, "x is empty"),
        ("Continuous", {"MinValue": "nan", "MaxValue": "1"}, "x is empty"),
        ("Continuous", {"MinValue": "0", "MaxValue": "inf"}, "x is empty"),
        ("Continuous", {"MinValue": "a", "MaxValue": "1"}, "x must be numbers"),
        ("Integer", {"MinValue": "1.5", "MaxValue": "2"}, "x must be whole numbers"),
        (
            "Continuous",
            {"MinValue": "0", "MaxValue": "1", "ScalingType": "Logarithmic"},
            "above 0: x",
        ),
        (
            "Continuous",
            {"MinValue": "0", "MaxValue": "1", "ScalingType": "ReverseLogarithmic"},
            "below 1: x",
        ),
        ("Categorical", {"Values": []}, "x has no values"),
    ],
)
def test_a_range_that_nothing_can_be_drawn_from_is_named(
    kind: str, members: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadRange, match=complaint):
        draws(kind, **members)


def test_a_hyperparameter_has_one_range() -> None:
    one = {"Name": "x", "MinValue": "1", "MaxValue": "2"}

    with pytest.raises(BadRange, match="x has more than one"):
        parse({"IntegerParameterRanges": [one], "ContinuousParameterRanges": [one]})
