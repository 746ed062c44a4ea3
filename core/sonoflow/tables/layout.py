"""Which column of a delimited file is what."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sonoflow.errors import TableRejected
from sonoflow.tables import codings, identifiers, writing
from sonoflow.tables.known import same
from sonoflow.tables.numbers import USUAL, Notation, is_number
from sonoflow.tables.table import Table
from sonoflow.tables.writing import DELIMITERS, Unparted, Writing

# How columns of ids are called, in their plain spelling.
ID_NAMES = (
    "id",
    "id_number",
    "identifier",
    "sample_id",
    "sample_number",
    "sample_code_number",
    "case_id",
    "case_number",
    "record_id",
    "patient_id",
    "patient_number",
    "subject_id",
    *("study_id", "study_number", "mrn", "uid", "patient", "patientid", "pat_id"),
    *("sampleid", "subject", "accession_number"),
)
# How data frames call a second column of a name.
_SECOND = re.compile(r"\.\d+$")


@dataclasses.dataclass(frozen=True)
class RowLayout:
    """How rows are read. Positions count from 0, in the file's order of columns."""

    columns: tuple[str, ...]
    features: tuple[int, ...]  # in the order of the vectors
    missing: frozenset[str]  # cells that mean that there is no value
    label: int | None = None  # None: rows have no label, or it is not wanted
    id: int | None = None  # None: a row goes by the number of its line
    header: bool = False
    delimiter: str = ","
    trailing: bool = False  # rows may end in a delimiter
    preamble: int = 0  # lines passed over besides the header, blank ones not counted
    notation: Notation = USUAL
    assumed: str = ""  # a code, where the notation is not quite certain


def inbox_layout(table: Table, head: bytes | str) -> RowLayout:
    """How rows for the model of `table` are read from a file that begins with `head`, UTF-8 text
    that holds its first line at least.

    With a header, columns go by name, in any order, and what is not needed is ignored; ids are the
    file's own, whether or not the training file had any. Without one, rows are those of the
    training file, with or without the label or the id, or the features alone. Raises TableRejected
    (columns-unknown, columns-shifted, decimal-unclear, ids-altered); csv.Error.
    """
    lines = writing.sample(head if isinstance(head, bytes) else head.encode()) or [""]
    for found in _likely(table, lines):
        _check_header(table, found)
        layout = _named(table, found) or _numbered(table, found)
        if layout is not None:
            _check_ids(layout, found)
            notation = _notation(table, found)
            assumed = "thousands-assumed" if found.assumed and notation != table.notation else ""
            return dataclasses.replace(layout, notation=notation, assumed=assumed)
    raise TableRejected("columns-unknown", _expectation(table, lines))


def _likely(table: Table, lines: Sequence[str]) -> Iterator[Writing]:
    """How the file may be written: as it says or suggests, as in training, or otherwise."""
    try:
        suggested = [writing.find(lines, {}).delimiter]
    except (Unparted, csv.Error):
        suggested = []
    yield writing.find(lines, {}, [*suggested, table.delimiter][0])
    for delimiter in dict.fromkeys((table.delimiter, *DELIMITERS)):
        with contextlib.suppress(csv.Error):
            yield writing.find(lines, {}, delimiter)


def _notation(table: Table, found: Writing) -> Notation:
    """By the file's own numbers; where they do not tell, they are meant as in training."""
    if not found.unclear:
        return found.notation
    if found.differs or table.notation.decimal == ",":
        return table.notation
    detail = f"{found.unclear}: write numbers without marks for thousands"
    raise TableRejected("decimal-unclear", detail)


def _check_ids(layout: RowLayout, found: Writing) -> None:
    if layout.id is None:
        return
    ids = [row[layout.id] for row in found.rows if len(row) > layout.id]
    if altered := identifiers.altered(ids):
        raise TableRejected("ids-altered", f"{altered}: export the table again, with ids as text")
    named = found.header is not None and not writing.are_counted(found.header, named=True)
    if not named and (what := identifiers.none(ids)):
        detail = f"{what} stand where ids do in training: add a header that names the columns"
        raise TableRejected("columns-shifted", detail)


def _check_header(table: Table, found: Writing) -> None:
    """Raises TableRejected for a first line that names some of training's columns and numbers the
    others: it is no row, and does not name what is needed."""
    if found.header is not None or not found.rows:
        return
    names = {same(name) for name in (*ID_NAMES, *table.columns) if not is_number(name)}
    names -= {same(label) for label in table.classes}
    written = [cell for cell in found.rows[0] if same(cell) in names]
    if written and not {same(name) for name in table.features} <= set(map(same, found.rows[0])):
        detail = f"the first line names {written[0]!r}, and not all features by their names"
        raise TableRejected("columns-unknown", f"{detail}: add a header that does")


def _named(table: Table, found: Writing) -> RowLayout | None:
    names = (found.header if found.header is not None else found.rows[0])[: found.width]
    positions: dict[str, list[int]] = {}
    known = {same(column) for column in table.columns}
    for position, name in enumerate(names):
        first = same(_SECOND.sub("", name))
        key = first if first in known and same(name) not in known else same(name)
        positions.setdefault(key, []).append(position)
    wanted = [positions.get(same(name), []) for name in table.features]
    if not all(wanted):
        return None
    if twice := [
        name for name, places in zip(table.features, wanted, strict=True) if len(places) > 1
    ]:
        raise TableRejected("columns-unknown", f"the header names the feature {twice[0]!r} twice")
    features = tuple(places[0] for places in wanted)
    if len(set(features)) < len(table.features):
        return None
    return RowLayout(
        columns=names,
        features=features,
        missing=frozenset(table.missing),
        id=_identity(table, positions),
        header=True,
        delimiter=found.delimiter,
        trailing=found.trailing,
        preamble=found.preamble,
    )


def _identity(table: Table, positions: Mapping[str, Sequence[int]]) -> int | None:
    """The column of ids: the one that was it in training, else the one that is called as ids are.

    None where there is none, and where several may be it: a line's number is wrong of no row, an
    id out of the wrong column would give a row's score to somebody else.
    """
    if table.id is not None and (found := positions.get(same(table.id))):
        return found[0] if len(found) == 1 else None
    taken = {same(table.label), *(same(name) for name in table.features)}
    like = [at for name in ID_NAMES if name not in taken for at in positions.get(name, ())]
    return like[0] if len(like) == 1 else None


def _numbered(table: Table, found: Writing) -> RowLayout | None:
    # A header of other names has no number in it, a row of features has nothing else.
    if found.header is not None and not writing.are_counted(found.header, named=True):
        return None
    if not found.rows:
        return None
    for columns in _shapes(table, found):
        if found.width == len(columns):
            rows = [row for row in found.rows if len(row) >= len(columns)]
            _check_label(table, columns, rows)
            return RowLayout(
                columns=columns,
                features=tuple(columns.index(name) for name in table.features),
                missing=frozenset(table.missing),
                id=columns.index(table.id) if table.id in columns else None,
                header=found.header is not None,
                delimiter=found.delimiter,
                trailing=found.trailing,
                preamble=found.preamble,
            )
    return None


def _shapes(table: Table, found: Writing) -> list[tuple[str, ...]]:
    """The columns that rows without a header may have, the likeliest first.

    As many cells hold an id and no label as the other way round. Raises TableRejected
    (columns-unknown) where the cells do not say which.
    """
    unlabelled = tuple(name for name in table.columns if name != table.label)
    unnamed = tuple(name for name in table.columns if name != table.id)
    shapes = [table.columns, unlabelled, unnamed, table.features]
    if len(unnamed) == len(table.columns) or found.width != len(unnamed):
        return shapes
    rows = [row for row in found.rows if len(row) >= found.width]
    labels = _are_labels(table, [row[unnamed.index(table.label)] for row in rows])
    if labels and not all(map(is_number, table.classes)):
        return [unnamed]
    first = [row[unlabelled.index(str(table.id))] for row in rows]
    named = [cell for cell in first if cell not in table.missing and not is_number(cell)]
    labels = labels and not named  # a feature would be a number
    ids = 2 * len(set(first)) > len(first) or identifiers.none(first) != ""  # is refused as such
    if labels and ids:
        labels = not _outside(table, unnamed, rows)
        ids = not _outside(table, unlabelled, rows)
    if labels == ids:
        detail = f"{found.width} cells may be an id and the features, or the features and a label"
        raise TableRejected("columns-unknown", f"{detail}: add a header that names them")
    return [unlabelled if ids else unnamed]


def _are_labels(table: Table, cells: Sequence[str]) -> bool:
    """Whether those that hold something are all labels of training."""
    known = {codings.key(label) for label in table.classes}
    held = {codings.key(cell) for cell in cells if cell not in table.missing}
    return bool(held) and held <= known


def _outside(table: Table, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether in most rows a feature would be far outside of training's values."""
    if table.ranges is None:
        return False
    at = [columns.index(name) for name in table.features]
    read = table.notation.read
    numbers = [[read(row[n]) for n in at] for row in rows]
    values = [[float(cell) if is_number(cell) else np.nan for cell in row] for row in numbers]
    outside = table.ranges.far_outside(np.array(values)).any(axis=1)
    return bool(2 * outside.sum() > len(rows))


def _check_label(table: Table, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Features and an id in front may be as many cells as features and a label are: such rows
    would be scored, each feature taken for another."""
    if table.label not in columns:
        return
    at = columns.index(table.label)
    known = {float(label) for label in table.classes if is_number(label)}
    held = [row[at] for row in rows if row[at] not in table.missing]
    other = [cell for cell in held if is_number(cell) and float(cell) not in known]
    if 10 * len(other) > len(held):
        raise TableRejected(
            "columns-unknown",
            f"{len(columns)} cells as in training, but a number that is no label stands where the"
            f" label {table.label!r} is: add a header that names all features",
        )


def _expectation(table: Table, lines: Sequence[str]) -> str:
    start = writing.find(lines, {}, table.delimiter)
    cells = start.header if start.header is not None else start.rows[0]
    missing = [name for name in table.features if same(name) not in {same(cell) for cell in cells}]
    commas = start.delimiter == "," and len(cells) > len(table.columns)
    hint = "; commas may stand in its numbers too" if commas else ""
    lacking = f"names no column {missing[0]!r}" if missing else "names a feature twice"
    return (
        f"the first line has {len(cells)} cells and {lacking}{hint}; expected a"
        f" header that names all {len(table.features)} features, or rows of"
        f" {len(table.columns)} columns as in training, one less without the label, or"
        f" {len(table.features)} features"
    )
