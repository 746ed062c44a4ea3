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
_NONE = (-9.0, -99.0, -999.0, -9999.0, -99999.0)
_NEAR_ZERO = 0.1  # a smallest value below that share of the mean may come near to zero


class Sample:
    """Rows evenly spread over all of a table, the same however they come, in bounded memory."""

    def __init__(self, features: int) -> None:
        self._kept = [np.empty((0, features))]
        self._step = 1  # of so many rows one is kept
        self._rows = 0

    def add(self, values: Values) -> None:
        """The next rows, (n, features)."""
        self._kept.append(values[-self._rows % self._step :: self._step].copy())
        self._rows += len(values)
        while sum(map(len, self._kept)) * values.shape[1] > _KEPT_NUMBERS:
            self._kept, self._step = [self.values[::2]], 2 * self._step

    @property
    def values(self) -> Values:
        return np.concatenate(self._kept)

    def usual(self, minimum: Values, maximum: Values) -> tuple[Values, Values]:
        """Smallest and largest values, (features,) each, but for single ones that lie far from
        nearly all others: mistyped, they would open the range to whatever comes."""
        values = self.values
        if len(values) < _TELLING_ROWS:
            return minimum, maximum
        low = np.quantile(values, _EDGE, axis=0, method="higher")
        high = np.quantile(values, 1 - _EDGE, axis=0, method="lower")
        reach = np.where(high > low, _REACH * (high - low), np.inf)
        return np.maximum(minimum, low - reach), np.minimum(maximum, high + reach)

    def none(self, minimum: Values) -> NDArray[np.bool_]:
        """(features,): whose smallest value is a -99 or -999 below others that are never negative:
        as a rule it says that there is no value."""
        others = np.where(self.values == minimum, np.inf, self.values).min(axis=0, initial=np.inf)
        found: NDArray[np.bool_] = np.isin(minimum, _NONE) & (others >= 0)
        return found


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


def may_be_none(names: Sequence[str], defaults: Collection[str]) -> Assumption:
    detail = (
        "a number such as -999 in columns that else hold none below 0 is a measure:"
        f" {', '.join(map(repr, names[:_LISTED]))}"
    )
    texts = sorted({*defaults, *(f"{number:.0f}" for number in _NONE)})
    return Assumption("may-be-no-value", detail, json.dumps({"missing": texts}))


def are_shifted(outside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(rows,): which rows have so many values far outside, (rows, n), that it is not their own."""
    features = outside.shape[1]
    many = min(features, max(SHIFTED_FEATURES, SHIFTED_SHARE * features))
    shifted: NDArray[np.bool_] = outside.sum(axis=1) >= many
    return shifted
