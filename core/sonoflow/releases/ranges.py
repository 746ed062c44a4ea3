"""Ranges that a tuning job draws hyperparameters from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sonoflow import options
from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.options import Declaration

LINEAR, LOGARITHMIC = "Linear", "Logarithmic"
SCALINGS = (LINEAR, LOGARITHMIC)
VALUES_LIMIT = 30  # of SageMaker
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


def overridden(given: Range, wanted: Any, declared: Declaration) -> Range:
    """The range that an execution's input wants instead of the given one, in the same numbers.

    Either `{"MinValue": …, "MaxValue": …}`, with `ScalingType` if it is not to stay, or
    `{"Values": […]}`. Every number must be one that the hyperparameter is declared to take. Raises
    PayloadInvalid, naming it.
    """
    if not isinstance(wanted, Mapping):
        raise _bad(given.name, f"must be an object, not {wanted!r}")
    if set(wanted) == {"Values"}:
        return _choice(given, wanted["Values"], declared)
    if {"MinValue", "MaxValue"} <= set(wanted) <= _INTERVAL:
        return _interval(given, wanted, declared)
    raise _bad(given.name, f"must have MinValue and MaxValue, or Values, not {sorted(wanted)}")


def _choice(given: Range, values: Any, declared: Declaration) -> Choice:
    if not isinstance(values, list) or not values or len(set(map(str, values))) < len(values):
        raise _bad(given.name, f"Values must be a list of different numbers, not {values!r}")
    if len(values) > VALUES_LIMIT:
        raise _bad(given.name, f"takes {VALUES_LIMIT} Values at most, not {len(values)}")
    numbers = tuple(_number(given, value, declared) for value in values)
    return Choice(given.name, numbers, given.whole)


def _interval(given: Range, wanted: Mapping[str, Any], declared: Declaration) -> Interval:
    low = _number(given, wanted["MinValue"], declared)
    high = _number(given, wanted["MaxValue"], declared)
    if low >= high:
        raise _bad(given.name, f"MinValue {low} must be below MaxValue {high}")
    usual = given.scaling if isinstance(given, Interval) else LINEAR
    scaling = wanted.get("ScalingType", usual)
    if scaling not in SCALINGS:
        raise _bad(given.name, f"ScalingType must be {' or '.join(SCALINGS)}, not {scaling!r}")
    if scaling == LOGARITHMIC and low <= 0:
        raise _bad(given.name, f"MinValue must be above 0 for ScalingType {LOGARITHMIC}")
    return Interval(given.name, low, high, scaling, given.whole)


def _number(given: Range, value: Any, declared: Declaration) -> float:
    try:
        options.check("a value", declared, value)
    except ConfigurationError as error:
        raise _bad(given.name, f"takes {options.described(declared)}, not {value!r}") from error
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
