"""What scoring must know of the table that a model was trained on: the document table.json."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow import assumptions, payloads
from sonoflow.assumptions import Assumption
from sonoflow.errors import PayloadInvalid
from sonoflow.keys import Dataset
from sonoflow.tables.numbers import DECIMALS, THOUSANDS, USUAL, Notation
from sonoflow.tables.ranges import Ranges

SCHEMA_VERSION = 1
# In standard deviations. Products of what lies further out would be infinite as float32, and one
# such row would spoil the answer to all that are scored with it.
STANDARD_LIMIT = 1e9


@dataclasses.dataclass(frozen=True)
class Standardisation:
    """Of each feature, over the training split. Scales are positive."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Table:
    """One version of a table: its columns, and how a row becomes a model's input.

    `classes[i]` is the text of the label that the number i stands for in the shards.
    """

    dataset: Dataset
    columns: tuple[str, ...]  # all of the file, in its order
    header: bool
    delimiter: str
    label: str
    classes: tuple[str, ...]
    id: str | None
    features: tuple[str, ...]  # columns, in the order of the vectors
    missing: tuple[str, ...]
    dropped: Mapping[str, str]  # column: why it is no feature
    standardisation: Standardisation | None = None  # given: features are engineered
    notation: Notation = USUAL  # of its numbers
    # What does not decide what a vector is: of all rows, known when they are read.
    ranges: Ranges | None = dataclasses.field(default=None, compare=False)
    assumptions: tuple[Assumption, ...] = dataclasses.field(default=(), compare=False)

    @property
    def engineered(self) -> bool:
        return self.standardisation is not None

    @property
    def written(self) -> int:
        """The length of a vector."""
        return engineered_width(len(self.features)) if self.engineered else len(self.features)

    def transform(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Values of the features, (n, features), as a model sees them: (n, written).

        Engineered features are standardised, then their squares, then the products of each two
        (i < j, row by row); what lies beyond STANDARD_LIMIT counts as that.
        """
        if self.standardisation is None:
            return values.astype(np.float32)
        mean, scale = self.standardisation.mean, self.standardisation.scale
        standard = (values - np.asarray(mean)) / np.asarray(scale)
        standard = np.clip(standard, -STANDARD_LIMIT, STANDARD_LIMIT)
        first, second = np.triu_indices(standard.shape[1], k=1)
        products = standard[:, first] * standard[:, second]
        return np.hstack([standard, standard**2, products]).astype(np.float32)

    def document(self) -> dict[str, Any]:
        standard = self.standardisation
        return {
            "schema_version": SCHEMA_VERSION,
            "dataset": {"name": self.dataset.name, "version": self.dataset.version},
            "columns": list(self.columns),
            "header": self.header,
            "delimiter": self.delimiter,
            "label": {"column": self.label, "classes": list(self.classes)},
            "id": self.id,
            "features": list(self.features),
            "missing": list(self.missing),
            "dropped": dict(self.dropped),
            "engineered": self.engineered,
            "standardise": standard
            and {"mean": list(standard.mean), "scale": list(standard.scale)},
            "written": self.written,
            "decimal": self.notation.decimal,
            "thousands": self.notation.thousands,
            "ranges": self.ranges and self.ranges.document(self.features),
            "assumptions": [one.document() for one in self.assumptions],
        }

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Table:
        """From table.json. Raises PayloadInvalid, naming what is wrong."""
        if document.get("schema_version") != SCHEMA_VERSION:
            found = document.get("schema_version")
            raise PayloadInvalid(f"a table of schema version {SCHEMA_VERSION}, not {found!r}")
        table = cls(
            dataset=Dataset.parse(document),
            columns=tuple(payloads.texts(document, "columns")),
            header=payloads.field(document, "header", bool),
            delimiter=payloads.field(document, "delimiter", str),
            label=payloads.field(document, "label.column", str),
            classes=tuple(payloads.texts(document, "label.classes")),
            id=None if document.get("id") is None else payloads.field(document, "id", str),
            features=tuple(payloads.texts(document, "features")),
            missing=tuple(payloads.field(document, "missing", list)),
            dropped=payloads.field(document, "dropped", dict),
            standardisation=_standardisation(document),
            notation=_notation(document),
            assumptions=tuple(map(assumptions.parse, document.get("assumptions", ()))),
        )
        _check(table, document)
        # A model that was trained before there were ranges has none.
        if (ranges := document.get("ranges")) is not None:
            table = dataclasses.replace(table, ranges=Ranges.parse(ranges, table.features))
        return table


def engineered_width(features: int) -> int:
    """The features, their squares and their pairwise products."""
    return 2 * features + features * (features - 1) // 2


def _standardisation(document: Mapping[str, Any]) -> Standardisation | None:
    if document.get("standardise") is None:
        return None
    mean = payloads.field(document, "standardise.mean", list)
    scale = payloads.field(document, "standardise.scale", list)
    if not all(isinstance(value, int | float) for value in (*mean, *scale)) or min(scale) <= 0:
        raise PayloadInvalid("'standardise' must hold numbers, scales above 0")
    return Standardisation(tuple(mean), tuple(scale))


def _notation(document: Mapping[str, Any]) -> Notation:
    found = Notation(document.get("decimal", "."), document.get("thousands", ""))
    if found.decimal not in DECIMALS or found.thousands not in THOUSANDS:
        raise PayloadInvalid(f"'decimal' and 'thousands' are no marks of numbers: {found}")
    return found


def _check(table: Table, document: Mapping[str, Any]) -> None:
    named = [table.label, *table.features] + ([] if table.id is None else [table.id])
    if unknown := sorted(set(named) - set(table.columns)):
        raise PayloadInvalid(f"the table has no columns {unknown}")
    standard = table.standardisation
    if standard and {len(standard.mean), len(standard.scale)} != {len(table.features)}:
        raise PayloadInvalid("'standardise' must hold a mean and a scale for each feature")
    if payloads.field(document, "written", int) != table.written:
        raise PayloadInvalid(f"'written' must be {table.written}, not {document['written']}")
