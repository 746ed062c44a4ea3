"""From an uploaded table to what models read: checked, split, measured, written.

The upload is read a block at a time, and as a rule once: while a pass measures the rows they are
written already, with the classes and features that a sample from all over the file suggests. Only
where the whole table says otherwise, or where features are engineered from its means, a second
pass writes them again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow import keys
from sonoflow.assumptions import Assumption
from sonoflow.aws import multipart, objects, streams
from sonoflow.aws.ranged import Source
from sonoflow.errors import DatasetRefused
from sonoflow.keys import Dataset
from sonoflow.settings import TableStaging
from sonoflow.tables import copies, encodings, joins, labels, leaks, ranges, recordio, roles, shifts
from sonoflow.tables.columns import Columns, find_columns
from sonoflow.tables.duplicates import Repeats, Seen
from sonoflow.tables.reader import Block, read_rows
from sonoflow.tables.roles import COUNTING
from sonoflow.tables.rows import BadRow
from sonoflow.tables.shards import Shards
from sonoflow.tables.splits import Splitter
from sonoflow.tables.statistics import Classes, Rows, Statistics
from sonoflow.tables.table import Table, engineered_width

HEAD_BYTES = 2 * 1024 * 1024
# Smaller tables are their own sample.
SAMPLES, SAMPLE_BYTES = 16, 256 * 1024
CLASSES_LIMIT = 100
ENGINEERED_FEATURES_LIMIT = 200
# What a function can read, remember the ids of and write, in its time and memory
# (python -m benchmarks.large_table).
ROWS_LIMIT = 60_000_000
WRITTEN_BYTES_LIMIT = 20 * 1000**3


@dataclasses.dataclass(frozen=True)
class Job:
    """A table to be staged."""

    source: Source
    dataset: Dataset
    mapping: Mapping[str, Any]
    options: TableStaging
    bucket: str  # for what is staged


def stage(job: Job) -> dict[str, Any]:
    """Leaves shards, manifests, table.json, table_statistics.json and quarantine.jsonl in S3, the
    same bytes whenever it is run; gives what the state machine goes on with.

    Raises DatasetRefused.
    """
    head = job.source.read_at(0, min(job.source.size, HEAD_BYTES))
    columns = find_columns(b"".join(encodings.as_utf8([head])), job.mapping)
    _check_width(job, columns)
    statistics, classes = Statistics(columns.features), _classes(job)
    guess = _guess(job, columns, encodings.is_plain(head))
    staged = _measure(job, columns, classes, statistics, guess)
    merged = joins.written_otherwise(statistics, columns.layout.notation, job.mapping)
    merged += copies.said(statistics)
    merged += labels.merged_said(classes, job.mapping.get("labels", {}))
    labels.check_classes(statistics, job.mapping, job.options.minimum_rows_per_class)
    table = _table(job, columns, statistics)
    _check_table(table, statistics)
    table = dataclasses.replace(
        table,
        ranges=statistics.ranges(table.features),
        assumptions=(*merged, *_assumptions(job, columns, statistics, table)),
    )
    if staged is None or staged[0] != table:
        staged = table, _write(job, columns, table)
    objects.write_json(job.bucket, job.dataset.table_statistics, statistics.document(table))
    objects.write_json(job.bucket, job.dataset.table, table.document())
    return _answer(job, table, statistics, staged[1])


def _classes(job: Job) -> Classes:
    return Classes(job.mapping.get("labels"))


def _assumptions(
    job: Job, columns: Columns, statistics: Statistics, table: Table
) -> list[Assumption]:
    """What was taken for true of the table. Raises DatasetRefused where it may not be."""
    positive = job.mapping.get("positive")
    said = labels.positive_said(statistics, table.classes, positive, table.label)
    said += labels.none_said(table.classes, job.mapping.get("labels", {}))
    said += [*columns.assumptions, *joins.left_out(statistics)]
    counting = [name for name, why in table.dropped.items() if why == COUNTING]
    if not set(counting) <= set(columns.dropped):
        said.append(roles.counted(counting))
    without = statistics.without_value().items()
    none = {name: signs for name, signs in without if name in table.features}
    said += ranges.no_values_said(none, table.missing)
    sample, chosen = statistics.sample, columns.chosen
    said += shifts.check(sample.values, sample.lines, columns.features, chosen)
    if "label" not in job.mapping:
        said += labels.column_said(table.classes, table.label)
    said += leaks.check(statistics, table.features, chosen=columns.chosen)
    return said


def _chunks(source: Source) -> Iterator[bytes]:
    return encodings.as_utf8(streams.chunks(source))


def _guess(job: Job, columns: Columns, anywhere: bool) -> Table | None:
    """The table as a sample suggests it; None where that is no good to begin with, or a large
    file cannot be read from `anywhere` in it."""
    whole = job.source.size <= SAMPLES * SAMPLE_BYTES
    if not whole and (job.options.table_features == "engineered" or not anywhere):
        return None  # means are not guessed to the last digit
    statistics = Statistics(columns.features)
    chunks = _chunks(job.source) if whole else _sample(job.source)
    for rows in _rows(chunks, job, columns, _classes(job), lambda bad: None):
        statistics.add(rows)
    table = _table(job, columns, statistics)
    return table if table.features else None


def _sample(source: Source) -> Iterator[bytes]:
    """Whole lines from the beginning of a file and from places evenly spread over it."""
    for number in range(SAMPLES):
        offset = number * (source.size - SAMPLE_BYTES) // (SAMPLES - 1)
        data = source.read_at(offset, SAMPLE_BYTES)
        start = 0 if offset == 0 else data.find(b"\n") + 1
        yield data[start : data.rfind(b"\n") + 1]


def _measure(
    job: Job, columns: Columns, classes: Classes, statistics: Statistics, guess: Table | None
) -> tuple[Table, dict[str, str]] | None:
    """The first pass. Gives the guessed table and its manifests, if rows were written for it."""
    seen = joins.Joins()
    with contextlib.ExitStack() as stack:
        aside = stack.enter_context(
            multipart.uploading(job.bucket, job.dataset.quarantine, "application/jsonl", {})
        )

        def set_aside(bad: list[BadRow]) -> None:
            seen.check(bad)
            statistics.set_aside(bad)
            lines = [json.dumps(row.document(), ensure_ascii=False) + "\n" for row in bad]
            aside.write("".join(lines).encode())

        shards: Shards | None = None
        if guess is not None:
            shards = stack.enter_context(Shards(job.bucket, guess, columns.features))
        for rows in _rows(_chunks(job.source), job, columns, classes, set_aside):
            statistics.add(rows)
            if statistics.rows > ROWS_LIMIT:
                detail = f"more than {ROWS_LIMIT} rows; the limit is what one function can stage"
                raise DatasetRefused("too-large", detail)
            if shards is not None and not set(rows.classes) <= set(shards.table.classes):
                shards = None
            if shards is not None:
                shards.add(rows)
        return None if shards is None else (shards.table, shards.finish())


def _write(job: Job, columns: Columns, table: Table) -> dict[str, str]:
    """The second pass."""
    with Shards(job.bucket, table, columns.features) as shards:
        for rows in _rows(_chunks(job.source), job, columns, _classes(job), lambda bad: None):
            shards.add(rows)
        return shards.finish()


def _rows(
    chunks: Iterable[bytes],
    job: Job,
    columns: Columns,
    classes: Classes,
    set_aside: Callable[[list[BadRow]], None],
) -> Iterator[Rows]:
    """The usable rows with their splits, block by block, the same whenever they are read."""
    seen, copied = Seen(), copies.Copies(job.mapping.get("labels", {}))
    splitter = Splitter(job.options.split_seed)
    for block in read_rows(chunks, columns.layout):
        repeated: dict[int, BadRow] = {}
        if columns.layout.id is not None and len(block.lines):
            repeats = seen.add(block.ids, block.labels or [], block.values, block.lines)
            repeated = _repeated(block.lines, repeats)
        block, more = _without(block, repeated)
        again = copied.add(block.labels or [], block.values, block.lines)
        block, others = _without(block, again)
        bad = sorted([*block.bad, *more, *others], key=lambda row: row.line)
        lines, ids, written, values = block.lines, block.ids, block.labels or [], block.values
        set_aside(bad)
        codes = classes.codes(written)
        if len(classes.names) > CLASSES_LIMIT:
            detail = f"column {columns.name_of_label!r} holds more than {CLASSES_LIMIT} labels"
            raise DatasetRefused("too-many-classes", f"{detail}: it names no classes")
        splits = splitter.assign(codes, classes.names)
        named = classes.named(written, codes)
        yield Rows(lines, ids, named, codes, list(classes.names), splits, values)


def _repeated(lines: NDArray[np.int64], repeats: Repeats) -> dict[int, BadRow]:
    found = {}
    for at in np.flatnonzero(repeats.repeated).tolist():
        same = "the same label and values" if repeats.agrees[at] else "another label or value"
        detail = f"the id of line {repeats.first[at]}, with {same}"
        found[at] = BadRow(int(lines[at]), "duplicate-id", detail)
    return found


def _without(block: Block, out: Mapping[int, BadRow]) -> tuple[Block, list[BadRow]]:
    """The block without the rows at those positions, and what is said of them."""
    kept = [at not in out for at in range(len(block.lines))]
    return block.kept(kept) if out else block, [*out.values()]


def _table(job: Job, columns: Columns, statistics: Statistics) -> Table:
    """What the rows so far say that the table is."""
    layout = columns.layout
    constant = statistics.constant()
    counting = [] if columns.chosen else statistics.counting()
    unused = {**dict.fromkeys(counting, COUNTING), **dict.fromkeys(constant, "constant")}
    features = tuple(name for name in columns.features if name not in unused)
    engineered = job.options.table_features == "engineered"
    return Table(
        dataset=job.dataset,
        columns=layout.columns,
        header=layout.header,
        delimiter=layout.delimiter,
        label=columns.name_of_label,
        classes=labels.order_classes(
            statistics, job.mapping.get("positive"), columns.name_of_label
        ),
        id=None if layout.id is None else layout.columns[layout.id],
        features=features,
        missing=tuple(sorted(layout.missing)),
        dropped={**columns.dropped, **unused},
        standardisation=statistics.standardisation(features) if engineered else None,
        notation=layout.notation,
    )


def _check_width(job: Job, columns: Columns) -> None:
    """Raises DatasetRefused: products of features are many."""
    width = len(columns.features)
    if job.options.table_features == "engineered" and width > ENGINEERED_FEATURES_LIMIT:
        detail = (
            f"{width} features would be {engineered_width(width)} with squares and products; at"
            f" most {ENGINEERED_FEATURES_LIMIT} can be engineered: set table-features in the"
            " parameter StagingOptions to plain"
        )
        raise DatasetRefused("too-many-features", detail)


def _check_table(table: Table, statistics: Statistics) -> None:
    """Raises DatasetRefused."""
    if not table.features:
        detail = f"each of the {len(statistics.features)} features is the same number in all rows"
        raise DatasetRefused("no-features", detail)
    size = statistics.rows * recordio.record_bytes(table.written, labelled=True)
    if size > WRITTEN_BYTES_LIMIT:
        detail = (
            f"{statistics.rows} rows of {table.written} numbers make {size} bytes,"
            f" the limit is {WRITTEN_BYTES_LIMIT}"
        )
        raise DatasetRefused("too-large", detail)


def _answer(
    job: Job, table: Table, statistics: Statistics, manifests: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "kind": "table",
        "classes": list(table.classes),
        "positive": table.classes[1] if len(table.classes) == 2 else None,
        "rows": {name: statistics.of_class(name) for name in table.classes},
        "splits": statistics.splits(table),
        "features": table.written,
        "quarantined": statistics.quarantine.total(),
        "manifests": dict(manifests),
        "table_uri": keys.uri(job.bucket, job.dataset.table),
        "assumptions": [one.document() for one in table.assumptions],
    }
