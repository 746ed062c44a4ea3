"""Rows of a table as models read them: shards in S3, a table's name for each row, manifests."""

from __future__ import annotations

import collections
import concurrent.futures
import csv
import dataclasses
import io
import json
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.keys import SPLITS
from sonoflow.tables import recordio
from sonoflow.tables.linear_learner import RECORDIO
from sonoflow.tables.statistics import Rows
from sonoflow.tables.table import Table, engineered_width

SHARD_BYTES = 32 * 1024 * 1024
_TRANSFORMED_BYTES = 8 * 1024 * 1024
_WRITES_AT_ONCE = 2
TRAIN = SPLITS[0]


@dataclasses.dataclass(frozen=True)
class _Part:
    """Rows of one split, as they are written."""

    names: list[tuple[int, str, str]]  # line, id, class
    vectors: NDArray[np.float32]
    labels: NDArray[np.float32]


class Shards:
    """Writes rows as they come, while others are read: a context, which waits for the last write.

    Where a row ends up depends on the rows before it and on the number of candidate features, not
    on the table: writing again with another table replaces every object.
    """

    def __init__(self, bucket: str, table: Table, candidates: tuple[str, ...]) -> None:
        self.table = table
        self._bucket = bucket
        columns = [candidates.index(name) for name in table.features]
        self._columns = slice(None) if table.features == candidates else columns
        width = engineered_width(len(candidates)) if table.engineered else len(candidates)
        self._rows = max(1, SHARD_BYTES // recordio.record_bytes(width, labelled=True))
        self._at_once = max(1, _TRANSFORMED_BYTES // (8 * table.written))
        self._waiting: list[list[_Part]] = [[] for _ in SPLITS]
        self._held = [0] * len(SPLITS)
        self._written = [0] * len(SPLITS)
        self._pool = concurrent.futures.ThreadPoolExecutor(max_workers=_WRITES_AT_ONCE)
        self._writes: collections.deque[concurrent.futures.Future[None]] = collections.deque()

    def __enter__(self) -> Shards:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)

    def add(self, rows: Rows) -> None:
        """The rows' classes must be among those of the table."""
        numbers = [self.table.classes.index(name) for name in rows.classes]
        labels = np.array(numbers, np.float32)[rows.codes]
        names = list(zip(rows.lines.tolist(), rows.ids, rows.labels, strict=True))
        for split in range(len(SPLITS)):
            chosen = np.flatnonzero(rows.splits == split)
            # Vectors may be far longer than the rows that they are made from.
            for start in range(0, len(chosen), self._at_once):
                part = chosen[start : start + self._at_once]
                vectors = self.table.transform(rows.values[part][:, self._columns])
                named = [names[at] for at in part.tolist()]
                self._take(split, _Part(named, vectors, labels[part]))

    def _take(self, split: int, part: _Part) -> None:
        self._waiting[split].append(part)
        self._held[split] += len(part.names)
        while self._held[split] >= self._rows:
            self._flush(split)

    def finish(self) -> dict[str, str]:
        """Writes what is left, then the manifests; gives their URIs by split."""
        dataset = self.table.dataset
        manifests = {}
        for split, held in enumerate(self._held):
            if held:
                self._flush(split)
        while self._writes:
            self._writes.popleft().result()
        for split, name in enumerate(SPLITS):
            shards = [f"{keys.staged_rows(name, n)}.recordio" for n in range(self._written[split])]
            document = [{"prefix": keys.uri(self._bucket, dataset.prefix)}, *shards]
            body = json.dumps(document, indent=0).encode()
            objects.write(self._bucket, dataset.manifest(name), body, "application/json")
            manifests[name] = keys.uri(self._bucket, dataset.manifest(name))
        return manifests

    def _flush(self, split: int) -> None:
        """Writes one shard of a split, a full one if there are so many rows."""
        parts = self._waiting[split]
        whole = _Part(
            [name for part in parts for name in part.names],
            np.concatenate([part.vectors for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )
        shard, rest = _cut(whole, self._rows)
        self._waiting[split], self._held[split] = [rest], len(rest.names)
        dataset, name, number = self.table.dataset, SPLITS[split], self._written[split]
        if name == TRAIN:
            shard = _shuffled(shard, number)
        self._written[split] += 1
        body = recordio.encode(shard.vectors, shard.labels)
        self._write(dataset.rows(name, number), body, RECORDIO)
        self._write(dataset.row_names(name, number), _named(shard), "text/csv")

    def _write(self, key: str, body: bytes, content_type: str) -> None:
        while len(self._writes) >= 2 * _WRITES_AT_ONCE:
            self._writes.popleft().result()
        self._writes.append(self._pool.submit(objects.write, self._bucket, key, body, content_type))


def _cut(part: _Part, rows: int) -> tuple[_Part, _Part]:
    first = _Part(part.names[:rows], part.vectors[:rows], part.labels[:rows])
    # A copy: a view would keep the whole in memory.
    rest = _Part(part.names[rows:], part.vectors[rows:].copy(), part.labels[rows:].copy())
    return first, rest


def _shuffled(part: _Part, seed: int) -> _Part:
    """In another order: Linear Learner takes rows as they come, and a file may be sorted by class.

    Within a shard only. A sorted table of many shards should be shuffled before it is uploaded.
    """
    order = np.random.default_rng(seed).permutation(len(part.names))
    names = [part.names[at] for at in order.tolist()]
    return _Part(names, part.vectors[order], part.labels[order])


def _named(shard: _Part) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("line", "id", "class"))
    writer.writerows(shard.names)
    return file.getvalue().encode()
