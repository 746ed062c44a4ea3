"""Which values lie far outside of those that a model was trained on.

What that means is a rule of thumb, and errs to silence: half a range beyond the range, or, of a
measure that is never near zero, less than half of the smallest value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow.errors import PayloadInvalid

Values = NDArray[np.float64]
# Far outside in so many features, a row's cells are taken to stand in other columns.
SHIFTED_SHARE, SHIFTED_FEATURES = 0.25, 2
_NEAR_ZERO = 0.1  # a smallest value below that share of the mean may come near to zero


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


def are_shifted(outside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(rows,): which rows have so many values far outside, (rows, n), that it is not their own."""
    features = outside.shape[1]
    many = min(features, max(SHIFTED_FEATURES, SHIFTED_SHARE * features))
    shifted: NDArray[np.bool_] = outside.sum(axis=1) >= many
    return shifted
