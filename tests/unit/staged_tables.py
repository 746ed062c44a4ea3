"""Tables to be staged, and what staging leaves of them."""

from __future__ import annotations

import csv
import functools
import io
import json
from typing import Any

from sklearn.datasets import load_breast_cancer

from sonoflow import keys
from sonoflow.keys import SPLITS, Dataset
from sonoflow.tables import recordio
from sonoflow.tables.columns import WDBC_COLUMNS
from sonoflow.tables.table import Table
from tests.unit import stack

# Those of the event files.
WDBC = Dataset("wdbc", "3c5e0f9a7b21")
COHORT = Dataset("cohort", "9d81c4f7e602")
Rows = list[list[str]]
Staged = dict[str, list[tuple[int, str, str, float, list[float]]]]


@functools.cache
def _wdbc() -> tuple[tuple[str, ...], ...]:
    data = load_breast_cancer()
    return tuple(
        (str(842302 + 7 * number), "MB"[target], *(f"{value:g}" for value in values))
        for number, (values, target) in enumerate(zip(data.data, data.target, strict=True))
    )


def wdbc() -> Rows:
    """The table as UCI publishes it, with ids of our own."""
    return [list(row) for row in _wdbc()]


def with_header(rows: Rows, order: list[int], names: tuple[str, ...] = WDBC_COLUMNS) -> Rows:
    return [[row[at] for at in order] for row in [list(names), *rows]]


def written(rows: Rows, delimiter: str = ",", newline: str = "\n") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return text.getvalue().encode()


def staged(dataset: Dataset = WDBC) -> Staged:
    """Line, id, class, label and vector of every row that is written, by split, by manifest."""
    splits: Staged = {}
    for split in SPLITS:
        head, *names = stack.read_json(stack.WORK, dataset.manifest(split))
        bucket, root = keys.parse_uri(head["prefix"])
        splits[split] = []
        for name in names:
            records = recordio.read(stack.read(bucket, root + name))
            text = stack.read(bucket, root + name.replace(".recordio", ".csv")).decode()
            header, *named = csv.reader(io.StringIO(text))
            assert header == ["line", "id", "class"]
            assert records.labels is not None
            for (line, identity, label), number, vector in zip(
                named, records.labels.tolist(), records.vectors.tolist(), strict=True
            ):
                splits[split].append((int(line), identity, label, number, vector))
    return splits


def quarantine(dataset: Dataset = WDBC) -> list[dict[str, Any]]:
    body = stack.read(stack.WORK, dataset.quarantine)
    return [json.loads(line) for line in body.splitlines()]


def table(dataset: Dataset = WDBC) -> Table:
    return Table.parse(stack.read_json(stack.WORK, dataset.table))
