"""The ranges of a tuning job, and drawing from them.

Draws are uniform: over the values, over their logarithms (Logarithmic), or over the logarithms of
what they lack to 1 (ReverseLogarithmic). `Auto`, for which AWS chooses one of these, is linear.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any


class BadRange(ValueError):
    """A range that nothing can be drawn from; the message names its hyperparameter."""


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One hyperparameter: a list of texts, or an interval of numbers."""

    name: str
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    scaling: str = "Linear"
    whole: bool = False

    def draw(self, rng: random.Random) -> str:
        """As SageMaker hands it over: text."""
        if self.values:
            return rng.choice(self.values)
        if self.whole and self.scaling == "Linear":
            return str(rng.randint(int(self.low), int(self.high)))
        number = min(self.high, max(self.low, self._scaled(rng)))
        return str(round(number)) if self.whole else repr(number)

    def _scaled(self, rng: random.Random) -> float:
        if self.scaling == "Logarithmic":
            return math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        if self.scaling == "ReverseLogarithmic":
            return 1 - math.exp(rng.uniform(math.log(1 - self.low), math.log(1 - self.high)))
        return rng.uniform(self.low, self.high)


@dataclasses.dataclass(frozen=True)
class Space:
    """All hyperparameters that are drawn together."""

    parameters: tuple[Parameter, ...]

    def draw(self, rng: random.Random) -> dict[str, str]:
        return {parameter.name: parameter.draw(rng) for parameter in self.parameters}


def parse(ranges: Mapping[str, Sequence[Mapping[str, Any]]]) -> Space:
    """From ParameterRanges of a request. Raises BadRange."""
    parameters = [
        *(_interval(one, whole=False) for one in ranges.get("ContinuousParameterRanges") or []),
        *(_interval(one, whole=True) for one in ranges.get("IntegerParameterRanges") or []),
        *(_choice(one) for one in ranges.get("CategoricalParameterRanges") or []),
    ]
    names = [parameter.name for parameter in parameters]
    for name in names:
        if names.count(name) > 1:
            raise BadRange(f"the hyperparameter {name} has more than one range")
    return Space(tuple(sorted(parameters, key=lambda parameter: parameter.name)))


def _choice(one: Mapping[str, Any]) -> Parameter:
    if len(one["Values"]) > 30:
        raise ValueError(f"{one['Name']}: 30 values at most, not {len(one['Values'])}")
    if not one["Values"]:
        raise BadRange(f"the categorical hyperparameter {one['Name']} has no values")
    return Parameter(one["Name"], values=tuple(one["Values"]))


def _interval(one: Mapping[str, Any], *, whole: bool) -> Parameter:
    name, scaling = one["Name"], one.get("ScalingType", "Auto")
    number = int if whole else float
    try:
        low, high = number(one["MinValue"]), number(one["MaxValue"])
    except ValueError:
        kind = "whole numbers" if whole else "numbers"
        raise BadRange(
            f"the range of {name} must be {kind}: {one['MinValue']!r} to {one['MaxValue']!r}"
        ) from None
    if not low <= high or math.isinf(low) or math.isinf(high):
        raise BadRange(f"the range of {name} is empty: {low} to {high}")
    if scaling == "Logarithmic" and low <= 0:
        raise BadRange(f"logarithmic scaling needs a range above 0: {name} from {low}")
    if scaling == "ReverseLogarithmic" and (whole or low < 0 or high >= 1):
        raise BadRange(
            f"reverse logarithmic scaling needs a continuous range from 0 to below 1: {name} "
            f"from {low} to {high}"
        )
    kept = "Linear" if scaling == "Auto" else scaling
    return Parameter(name, low=low, high=high, scaling=kept, whole=whole)
