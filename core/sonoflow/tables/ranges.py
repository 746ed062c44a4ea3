"""Which values lie far outside of those that a model was trained on.

What that means is a rule of thumb, and errs to silence: half a range beyond the range, or, of a
measure that is never near zero, less than half of the smallest value.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow.assumptions import Assumption
from sonoflow.errors import PayloadInvalid

Values = NDArray[np.float64]
# Far outside in so many features, a row's cells are taken to stand in other columns.
SHIFTED_SHARE, SHIFTED_FEATURES = 0.25, 2
_LISTED = 5
_KEPT_NUMBERS = 200_000  # of a sample
# What is usual lies between these quantiles, and so many times their distance beyond them.
_EDGE, _REACH, _TELLING_ROWS = 0.01, 5, 20
# As a rule these say that there is no value, where no other number is near.
_NONE = (-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0)
_LARGE = (99.0, 999.0, 9999.0, 99999.0, 999999.0)
_GAP, _TIMES = 2, 2  # so many times the others' range lies between; and so often one is there
_APART = 0.25  # of the mean; WDBC's own noughts have others at a sixth of it
_STEPS = 5  # between the values of a column, that 0 lies below all of them
_NEAR_ZERO = 0.1  # a smallest value below that share of the mean may come near to zero


class Sample:
    """Rows evenly spread over all of a table, the same however they come, in bounded memory."""

    def __init__(self, features: int) -> None:
        self._kept = [np.empty((0, features))]
        self._lines = [np.empty(0, np.int64)]
        self._step = 1  # of so many rows one is kept
        self._rows = 0

    def add(self, values: Values, lines: NDArray[np.int64] | None = None) -> None:
        """The next rows, (n, features), and where they stand in the file, (n,)."""
        chosen = slice(-self._rows % self._step, None, self._step)
        places = np.zeros(len(values), np.int64) if lines is None else lines
        self._kept.append(values[chosen].copy())
        self._lines.append(places[chosen].copy())
        self._rows += len(values)
        while sum(map(len, self._kept)) * values.shape[1] > _KEPT_NUMBERS:
            self._kept, self._lines = [self.values[::2]], [self.lines[::2]]
            self._step *= 2

    @property
    def values(self) -> Values:
        return np.concatenate(self._kept)

    @property
    def lines(self) -> NDArray[np.int64]:
        return np.concatenate(self._lines)

    def usual(self, minimum: Values, maximum: Values) -> tuple[Values, Values]:
        """Smallest and largest values, (features,) each, but for single ones that lie far from
        nearly all others: mistyped, they would open the range to whatever comes."""
        values, minimum, maximum = self.values, minimum.copy(), maximum.copy()
        for at, signs in self.signs(minimum, maximum).items():
            column = values[:, at]
            column = column[~np.isin(column, signs)]
            minimum[at], maximum[at] = column.min(), column.max()
            # Its quantiles are those of the values that there are.
            values[:, at] = np.interp(
                np.linspace(0, 1, len(values)), np.linspace(0, 1, len(column)), np.sort(column)
            )
        if len(values) < _TELLING_ROWS:
            return minimum, maximum
        low = np.quantile(values, _EDGE, axis=0, method="higher")
        high = np.quantile(values, 1 - _EDGE, axis=0, method="lower")
        reach = np.where(high > low, _REACH * (high - low), np.inf)
        return np.maximum(minimum, low - reach), np.minimum(maximum, high + reach)

    def signs(self, minimum: Values, maximum: Values) -> dict[int, list[float]]:
        """By position, features in which numbers seem to say that there is no value, and which: a
        -99 or -999 below others that are never negative, or far from all others, or 0 often, where
        no other comes near."""
        doubtful = np.isin(minimum, (0, *_NONE)) | np.isin(maximum, _LARGE)
        values = self.values
        found = {}
        for at in np.flatnonzero(doubtful).tolist():
            column = np.append(values[:, at], (minimum[at], maximum[at]))
            if signs := [*_below(column), *_above(column), *_zero(column)]:
                found[at] = signs
        return found


def _below(column: Values) -> list[float]:
    signs = [sign for sign in _NONE if (column == sign).any()]
    others = column[~np.isin(column, (*_NONE, *_LARGE))]
    if not len(others):
        return []
    if others.min() >= 0:
        # A single -1 may be a slip; the end of the column is in it once more.
        return [sign for sign in signs if sign != -1 or (column == sign).sum() > _TIMES]
    reach = _GAP * (others.max() - others.min())
    return [sign for sign in signs if others.min() - sign > reach and sign <= -99]


def _above(column: Values) -> list[float]:
    others = column[~np.isin(column, (*_NONE, *_LARGE))]
    if not len(others):
        return []
    reach = _GAP * (others.max() - others.min())
    return [
        sign for sign in _LARGE if sign - others.max() > reach and (column == sign).sum() > _TIMES
    ]


def _zero(column: Values) -> list[float]:
    """Counts and grades come near to 0, by the steps that lie between their values."""
    others = np.unique(column[~np.isin(column, (0, *_NONE, *_LARGE))])
    often = (column[:-2] == 0).sum() > _TIMES  # the last two are the column's ends once more
    if not often or len(others) < _TELLING_ROWS or others[0] <= 0:
        return []
    near = max(_APART * others.mean(), _STEPS * float(np.median(np.diff(others))))
    return [0.0] if others[0] > near else []


@dataclasses.dataclass(frozen=True, eq=False)
class Ranges:
    """Of n features over all rows of the training table, (n,) each."""

    minimum: Values
    maximum: Values
    mean: Values

    def far_outside(self, values: Values) -> NDArray[np.bool_]:
        """(rows, n): which of the values (rows, n) are."""
        reach = (self.maximum - self.minimum) / 2
        low, high = self.minimum - reach, self.maximum + reach
        low = np.where(self.minimum >= 0, np.maximum(low, 0), low)
        distant = (self.minimum > 0) & (self.minimum > _NEAR_ZERO * self.mean)
        low = np.where(distant, np.maximum(low, self.minimum / 2), low)
        return (values < low) | (values > high)

    def document(self, names: Sequence[str]) -> dict[str, dict[str, float]]:
        figures = np.stack([self.minimum, self.maximum, self.mean], axis=1).tolist()
        keys = ("minimum", "maximum", "mean")
        return {
            name: dict(zip(keys, of, strict=True)) for name, of in zip(names, figures, strict=True)
        }

    @classmethod
    def parse(cls, document: Mapping[str, Any], names: Sequence[str]) -> Ranges:
        """Raises PayloadInvalid."""
        try:
            figures = [
                [float(document[name][key]) for name in names]
                for key in ("minimum", "maximum", "mean")
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise PayloadInvalid(f"'ranges' lacks a number of each feature: {error!r}") from error
        return cls(*map(np.array, figures))


def no_values_said(
    found: Mapping[str, Sequence[float]], defaults: Collection[str]
) -> list[Assumption]:
    """Of columns and the numbers in them that may be signs. That 0 is none cannot be said of a
    whole table, whose labels may be 0 too."""
    signs = {name: [one for one in numbers if one] for name, numbers in found.items()}
    signs = {name: numbers for name, numbers in signs.items() if numbers}
    told = [may_be_none(signs, defaults)] if signs else []
    if zeros := [name for name, numbers in found.items() if 0 in numbers]:
        detail = (
            "0, to which no other number comes near, is a measure in the columns"
            f" {', '.join(map(repr, zeros[:_LISTED]))}, though no range reaches to it; where it"
            " means that there is no value, leave the cell empty, or pass over the column"
        )
        settle = json.dumps({"ignore": zeros[:_LISTED]}, ensure_ascii=False)
        told.append(Assumption("zero-may-be-no-value", detail, settle))
    return told


def may_be_none(found: Mapping[str, Sequence[float]], defaults: Collection[str]) -> Assumption:
    """Of columns and the numbers in them that may be signs."""
    signs = sorted({number for numbers in found.values() for number in numbers})
    detail = (
        f"numbers such as {', '.join(f'{sign:.0f}' for sign in signs)}, far from all others, are"
        f" measures in the columns {', '.join(map(repr, [*found][:_LISTED]))}"
    )
    texts = sorted({*defaults, *(f"{number:.0f}" for number in signs)})
    return Assumption("may-be-no-value", detail, json.dumps({"missing": texts}))


def are_shifted(outside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(rows,): which rows have so many values far outside, (rows, n), that it is not their own."""
    features = outside.shape[1]
    many = min(features, max(SHIFTED_FEATURES, SHIFTED_SHARE * features))
    shifted: NDArray[np.bool_] = outside.sum(axis=1) >= many
    return shifted
