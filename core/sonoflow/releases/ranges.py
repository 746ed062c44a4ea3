"""Ranges that a tuning job draws hyperparameters from."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from sonoflow.errors import PayloadInvalid

LINEAR, LOGARITHMIC = "Linear", "Logarithmic"
SCALINGS = (LINEAR, LOGARITHMIC)
_INTERVAL = {"MinValue", "MaxValue", "ScalingType"}


@dataclasses.dataclass(frozen=True)
class Interval:
    """From `low` to `high`, both included; whole numbers alone if `whole`."""

    name: str
    low: float
    high: float
    scaling: str = LINEAR
    whole: bool = False


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of a few values."""

    name: str
    values: tuple[float, ...]
    whole: bool = False


Range = Interval | Choice


def top(one: Range) -> float:
    """The largest value that can be drawn."""
    return one.high if isinstance(one, Interval) else max(one.values)


def overridden(given: Range, wanted: Any) -> Range:
    """The range that an execution's input wants instead of the given one, in the same numbers.

    Either `{"MinValue": …, "MaxValue": …}`, with `ScalingType` if it is not to stay, or
    `{"Values": […]}`. Raises PayloadInvalid, naming the hyperparameter.
    """
    if not isinstance(wanted, Mapping):
        raise _bad(given.name, f"must be an object, not {wanted!r}")
    if set(wanted) == {"Values"}:
        return _choice(given, wanted["Values"])
    if {"MinValue", "MaxValue"} <= set(wanted) <= _INTERVAL:
        return _interval(given, wanted)
    raise _bad(given.name, f"must have MinValue and MaxValue, or Values, not {sorted(wanted)}")


def _choice(given: Range, values: Any) -> Choice:
    if not isinstance(values, list) or not values or len(set(map(str, values))) < len(values):
        raise _bad(given.name, f"Values must be a list of different numbers, not {values!r}")
    return Choice(given.name, tuple(_number(given, value) for value in values), given.whole)


def _interval(given: Range, wanted: Mapping[str, Any]) -> Interval:
    low, high = _number(given, wanted["MinValue"]), _number(given, wanted["MaxValue"])
    if low >= high:
        raise _bad(given.name, f"MinValue {low} must be below MaxValue {high}")
    usual = given.scaling if isinstance(given, Interval) else LINEAR
    scaling = wanted.get("ScalingType", usual)
    if scaling not in SCALINGS:
        raise _bad(given.name, f"ScalingType must be {' or '.join(SCALINGS)}, not {scaling!r}")
    if scaling == LOGARITHMIC and low <= 0:
        raise _bad(given.name, f"MinValue must be above 0 for ScalingType {LOGARITHMIC}")
    return Interval(given.name, low, high, scaling, given.whole)


def _number(given: Range, value: Any) -> float:
    kinds = int if given.whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
        raise _bad(given.name, f"takes {'whole ' if given.whole else ''}numbers, not {value!r}")
    if value < (1 if given.whole else 0):
        raise _bad(given.name, f"must be {'1 or more' if given.whole else '0 or more'}: {value!r}")
    number: float = value
    return number


def _bad(name: str, problem: str) -> PayloadInvalid:
    return PayloadInvalid(f"'Tune.ParameterRanges.{name}' {problem}")


def request(several: tuple[Range, ...]) -> dict[str, list[dict[str, Any]]]:
    """The body of ParameterRanges; SageMaker takes numbers as text."""
    body: dict[str, list[dict[str, Any]]] = {}
    for one in several:
        if isinstance(one, Choice):
            entry: dict[str, Any] = {"Name": one.name, "Values": [str(v) for v in one.values]}
            body.setdefault("CategoricalParameterRanges", []).append(entry)
        else:
            entry = {"Name": one.name, "MinValue": str(one.low), "MaxValue": str(one.high)}
            kind = "IntegerParameterRanges" if one.whole else "ContinuousParameterRanges"
            body.setdefault(kind, []).append({**entry, "ScalingType": one.scaling})
    return body
