"""What the rows of a table are like, gathered as they come."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow.keys import SPLITS
from sonoflow.tables import codings
from sonoflow.tables.ranges import Ranges, Sample
from sonoflow.tables.rows import BadRow
from sonoflow.tables.table import Standardisation, Table

# Beyond that, correlations fill megabytes and no picture of them can be read.
CORRELATED_FEATURES_LIMIT = 200
COUNTED_ROWS = 50  # fewer whole numbers may be evenly spread by chance

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
    """The labels that came so far, in their order. Spellings of one label are one class, called as
    it was first; `given` says of labels which class they are, whatever their spelling."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self.names: list[str] = []
        self.spellings: dict[str, list[str]] = {}  # of each class
        self._given = given or {}
        self._codes: dict[str, int] = {}
        self._keys: dict[str, int] = {}

    def codes(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """The position of each label in `names`, which grows with new ones."""
        for label in dict.fromkeys(labels):
            if label not in self._codes:
                self._codes[label] = self._new(label)
        return np.fromiter(map(self._codes.__getitem__, labels), np.int64, len(labels))

    def _new(self, label: str) -> int:
        name = self._given.get(label, label)
        # What is given as a class stands for itself alone.
        key = f"= {name}" if name in self._given.values() else codings.key(name)
        if key not in self._keys:
            self._keys[key] = len(self.names)
            self.names.append(name)
        code = self._keys[key]
        self.spellings.setdefault(self.names[code], []).append(label)
        return code

    def named(self, labels: Sequence[str], codes: NDArray[np.int64]) -> Sequence[str]:
        """The name of each label's class."""
        if all([name] == self.spellings[name] for name in self.names):
            return labels
        return [self.names[code] for code in codes.tolist()]


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
        self.minima, self.maxima = np.empty((0, width)), np.empty((0, width))  # of each class
        self.whole = np.arange(width)  # features of which all values are whole numbers
        self._all = Moments.empty(width, products=width <= CORRELATED_FEATURES_LIMIT)
        self.sample = Sample(width)
        self._train = Moments.empty(width)
        self._by_class: list[Moments] = []

    @property
    def rows(self) -> int:
        return self._all.count

    def set_aside(self, bad: Iterable[BadRow]) -> None:
        for row in bad:
            self.quarantine[row.reason] += row.rows
            self.examples.setdefault(row.reason, row)

    def add(self, rows: Rows) -> None:
        values = rows.values
        if not len(values):
            return
        for name in rows.classes[len(self.classes) :]:
            self.classes.append(name)
            self.counts.append([0] * len(SPLITS))
            self._by_class.append(Moments.empty(len(self.features)))
            self.minima = np.vstack([self.minima, np.full(len(self.features), np.inf)])
            self.maxima = np.vstack([self.maxima, np.full(len(self.features), -np.inf)])
        if len(self.whole):
            held = values[:, self.whole]
            self.whole = self.whole[(held == np.rint(held)).all(axis=0)]
        self._all.add(values)
        self.sample.add(values, rows.lines)
        self._train.add(values[rows.splits == SPLITS.index("train")])
        for code, moments in enumerate(self._by_class):
            chosen = rows.codes == code
            of_class = values[chosen]
            moments.add(of_class)
            if len(of_class):
                self.minima[code] = np.minimum(self.minima[code], of_class.min(axis=0))
                self.maxima[code] = np.maximum(self.maxima[code], of_class.max(axis=0))
            for split in range(len(SPLITS)):
                self.counts[code][split] += int((chosen & (rows.splits == split)).sum())

    @property
    def minimum(self) -> Values:
        return np.asarray(self.minima.min(axis=0, initial=np.inf))

    @property
    def maximum(self) -> Values:
        return np.asarray(self.maxima.max(axis=0, initial=-np.inf))

    def class_moments(self, name: str) -> Moments:
        return self._by_class[self.classes.index(name)]

    def of_class(self, name: str) -> int:
        return sum(self.counts[self.classes.index(name)])

    def constant(self) -> list[str]:
        """Features that are one number to a model, which sees 32-bit floating point."""
        same = self.minimum.astype(np.float32) == self.maximum.astype(np.float32)
        return [name for name, constant in zip(self.features, same, strict=True) if constant]

    def counting(self) -> list[str]:
        """Features that count the rows, in whatever order: whole numbers, about as many as there
        are rows, spread as evenly as 1, 2, 3, … are."""
        moments, found = self._all, []
        minimum, maximum = self.minimum, self.maximum
        if self.rows < COUNTED_ROWS:
            return []
        for at in self.whole.tolist():
            steps = maximum[at] - minimum[at] + 1
            middle = (maximum[at] + minimum[at]) / 2
            even = (steps**2 - 1) / 12
            if (
                self.rows <= steps <= 1.2 * (self.rows + self.quarantine.total())
                and abs(moments.mean[at] - middle) <= 0.02 * steps
                and abs(moments.deviation[at] ** 2 - even) <= 0.05 * even
            ):
                found.append(self.features[at])
        return found

    def ranges(self, features: tuple[str, ...]) -> Ranges:
        chosen = [self.features.index(name) for name in features]
        low, high = self.sample.usual(self.minimum, self.maximum)
        mean, values = self._all.mean.copy(), self.sample.values
        for at, signs in self._signs().items():
            mean[at] = values[~np.isin(values[:, at], signs), at].mean()
        return Ranges(low[chosen], high[chosen], mean[chosen])

    def _signs(self) -> dict[int, list[float]]:
        return self.sample.signs(self.minimum, self.maximum)

    def without_value(self) -> dict[str, list[float]]:
        """Features in which numbers seem to say that there is no value, and which."""
        return {self.features[at]: signs for at, signs in self._signs().items()}

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
