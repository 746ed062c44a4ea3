"""What the rows of a table are like, gathered as they come."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow.keys import SPLITS
from sonoflow.tables.rows import BadRow
from sonoflow.tables.table import Standardisation, Table

# Beyond that, correlations fill megabytes and no picture of them can be read.
CORRELATED_FEATURES_LIMIT = 200

Values = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows that are used, n of them in the order of the file."""

    lines: NDArray[np.int64]  # (n,)
    ids: Sequence[str]
    labels: Sequence[str]
    codes: NDArray[np.int64]  # (n,) the labels as positions in `classes`
    classes: list[str]  # all so far, as they came
    splits: NDArray[np.int8]  # (n,) positions in SPLITS
    values: Values  # (n, features)


class Classes:
    """The labels that came so far, in their order."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._codes: dict[str, int] = {}

    def codes(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """The position of each label in `names`, which grows with new ones."""
        for name in dict.fromkeys(labels):
            if name not in self._codes:
                self._codes[name] = len(self.names)
                self.names.append(name)
        return np.fromiter(map(self._codes.__getitem__, labels), np.int64, len(labels))


@dataclasses.dataclass
class Moments:
    """Mean and spread of features, updated by blocks (T. F. Chan, G. H. Golub, R. J. LeVeque,
    1979), which is accurate where plain sums of squares are not."""

    count: int
    mean: Values  # (features,)
    squares: Values  # (features,) of the deviations from the mean, summed up
    products: Values | None  # (features, features), the same of each two features; None: not kept

    @classmethod
    def empty(cls, features: int, *, products: bool = False) -> Moments:
        square = np.zeros((features, features)) if products else None
        return cls(0, np.zeros(features), np.zeros(features), square)

    def add(self, values: Values) -> None:
        """The next rows, (n, features)."""
        if not len(values):
            return
        total = self.count + len(values)
        mean = values.mean(axis=0)
        centred = values - mean
        shift = mean - self.mean
        weight = self.count * len(values) / total
        self.squares += np.square(centred).sum(axis=0) + np.square(shift) * weight
        if self.products is not None:
            self.products += centred.T @ centred + np.outer(shift, shift) * weight
        self.mean += shift * (len(values) / total)
        self.count = total

    @property
    def deviation(self) -> Values:
        """The standard deviation of the sample; 0 for a single row."""
        return np.asarray(np.sqrt(self.squares / max(1, self.count - 1)))

    def correlations(self) -> list[list[float]] | None:
        """Pearson's, of features that are not constant."""
        if self.products is None:
            return None
        root = np.sqrt(np.diag(self.products))
        matrix = np.clip(self.products / np.outer(root, root), -1, 1)
        return [[round(float(value), 6) for value in row] for row in matrix]


class Statistics:
    """All that is known of the rows so far: counts, ranges, moments.

    `classes` are the labels in the order in which they came.
    """

    def __init__(self, features: tuple[str, ...]) -> None:
        width = len(features)
        self.features = features
        self.classes: list[str] = []
        self.counts: list[list[int]] = []  # of each class, of each split
        self.quarantine: collections.Counter[str] = collections.Counter()
        self.examples: dict[str, BadRow] = {}  # the first bad row of each reason
        self.minimum = np.full(width, np.inf)
        self.maximum = np.full(width, -np.inf)
        self._all = Moments.empty(width, products=width <= CORRELATED_FEATURES_LIMIT)
        self._train = Moments.empty(width)
        self._by_class: list[Moments] = []

    @property
    def rows(self) -> int:
        return self._all.count

    def set_aside(self, bad: Iterable[BadRow]) -> None:
        for row in bad:
            self.quarantine[row.reason] += 1
            self.examples.setdefault(row.reason, row)

    def add(self, rows: Rows) -> None:
        values = rows.values
        if not len(values):
            return
        for name in rows.classes[len(self.classes) :]:
            self.classes.append(name)
            self.counts.append([0] * len(SPLITS))
            self._by_class.append(Moments.empty(len(self.features)))
        self.minimum = np.minimum(self.minimum, values.min(axis=0))
        self.maximum = np.maximum(self.maximum, values.max(axis=0))
        self._all.add(values)
        self._train.add(values[rows.splits == SPLITS.index("train")])
        for code, moments in enumerate(self._by_class):
            chosen = rows.codes == code
            moments.add(values[chosen])
            for split in range(len(SPLITS)):
                self.counts[code][split] += int((chosen & (rows.splits == split)).sum())

    def of_class(self, name: str) -> int:
        return sum(self.counts[self.classes.index(name)])

    def constant(self) -> list[str]:
        """Features that are one number to a model, which sees 32-bit floating point."""
        same = self.minimum.astype(np.float32) == self.maximum.astype(np.float32)
        return [name for name, constant in zip(self.features, same, strict=True) if constant]

    def standardisation(self, features: tuple[str, ...]) -> Standardisation:
        """Of the training split; what is constant there is only shifted."""
        chosen = [self.features.index(name) for name in features]
        deviation = self._train.deviation[chosen]
        scale = np.where(deviation > 0, deviation, 1.0)
        return Standardisation(tuple(self._train.mean[chosen].tolist()), tuple(scale.tolist()))

    def splits(self, table: Table) -> dict[str, dict[str, int]]:
        """Rows by split and class, in the order of the table's classes."""
        order = [self.classes.index(name) for name in table.classes]
        return {
            split: {self.classes[code]: self.counts[code][at] for code in order}
            for at, split in enumerate(SPLITS)
        }

    def document(self, table: Table) -> dict[str, Any]:
        """table_statistics.json; features are those that the table uses."""
        splits = self.splits(table)
        return {
            "rows": self.rows,
            "classes": {name: self.of_class(name) for name in table.classes},
            "splits": splits,
            "features": {name: self._feature(name, table) for name in table.features},
            "correlations": self._correlations(table),
            "quarantine": dict(sorted(self.quarantine.items())),
            "baseline": {"train_median_label": _median(list(splits["train"].values()))},
        }

    def _feature(self, name: str, table: Table) -> dict[str, Any]:
        at = self.features.index(name)
        return {
            "minimum": float(self.minimum[at]),
            "maximum": float(self.maximum[at]),
            **_spread(self._all, at),
            "by_class": {
                label: _spread(self._by_class[self.classes.index(label)], at)
                for label in table.classes
            },
        }

    def _correlations(self, table: Table) -> list[list[float]] | None:
        if self._all.products is None:
            return None
        chosen = [self.features.index(name) for name in table.features]
        products = self._all.products[np.ix_(chosen, chosen)]
        return dataclasses.replace(self._all, products=products).correlations()


def _spread(moments: Moments, at: int) -> dict[str, float]:
    return {
        "mean": float(moments.mean[at]),
        "standard_deviation": float(moments.deviation[at]),
    }


def _median(counts: list[int]) -> float:
    """Of labels that are numbers 0, 1, …, each so often."""
    middle = [(sum(counts) - 1) // 2, sum(counts) // 2]
    return float(np.searchsorted(np.cumsum(counts), middle, side="right").mean())
