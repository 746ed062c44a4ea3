"""Which column of a delimited file is what."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Mapping, Sequence

from sonoflow.errors import TableRejected
from sonoflow.tables.table import Table

DELIMITERS = (",", ";", "\t", "|")
# How columns of ids are called, in their plain spelling.
ID_NAMES = (
    "id",
    "id_number",
    "identifier",
    "sample_id",
    "case_id",
    "record_id",
    "patient_id",
    "subject_id",
)


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
    trailing: bool = False  # rows may end in a delimiter, as the header does


def inbox_layout(table: Table, first_line: bytes | str) -> RowLayout:
    """How rows for the model of `table` are read from a file that starts with that line.

    With a header, columns go by name, in any order, and what is not needed is ignored; ids are the
    file's own, whether or not the training file had any. Without one, rows are those of the
    training file, with or without the label, or the features alone. Raises TableRejected
    (columns-unknown).
    """
    line = decode(first_line) if isinstance(first_line, bytes) else first_line
    others = (delimiter for delimiter in DELIMITERS if delimiter != table.delimiter)
    for delimiter in (table.delimiter, *others):
        cells = split_line(line, delimiter)
        layout = _named(table, cells, delimiter) or _numbered(table, cells, delimiter)
        if layout is not None:
            return layout
    raise TableRejected("columns-unknown", _expectation(table, line))


def _named(table: Table, cells: Sequence[str], delimiter: str) -> RowLayout | None:
    names, trailing = trim(cells)
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        positions.setdefault(plain(name), []).append(position)
    wanted = [positions.get(plain(name), []) for name in table.features]
    if not all(wanted):
        return None
    if twice := [
        name for name, found in zip(table.features, wanted, strict=True) if len(found) > 1
    ]:
        raise TableRejected("columns-unknown", f"the header names the feature {twice[0]!r} twice")
    features = tuple(found[0] for found in wanted)
    if len(set(features)) < len(table.features):
        return None
    return RowLayout(
        columns=tuple(names),
        features=features,
        missing=frozenset(table.missing),
        id=_identity(table, positions),
        header=True,
        delimiter=delimiter,
        trailing=trailing,
    )


def _identity(table: Table, positions: Mapping[str, Sequence[int]]) -> int | None:
    """The column of ids: the one that was it in training, else the one that is called as ids are.

    None where there is none, and where several may be it: a line's number is wrong of no row, an
    id out of the wrong column would give a row's score to somebody else.
    """
    if table.id is not None and (found := positions.get(plain(table.id))):
        return found[0] if len(found) == 1 else None
    taken = {plain(table.label), *(plain(name) for name in table.features)}
    like = [at for name in ID_NAMES if name not in taken for at in positions.get(name, ())]
    return like[0] if len(like) == 1 else None


def _numbered(table: Table, cells: Sequence[str], delimiter: str) -> RowLayout | None:
    unlabelled = tuple(name for name in table.columns if name != table.label)
    for columns in (table.columns, unlabelled, table.features):
        # A header of other names has no number in it, a row of features has nothing else.
        if len(cells) == len(columns) and any(is_number(cell) for cell in cells):
            _check_label(table, columns, cells)
            return RowLayout(
                columns=columns,
                features=tuple(columns.index(name) for name in table.features),
                missing=frozenset(table.missing),
                id=columns.index(table.id) if table.id in columns else None,
                delimiter=delimiter,
            )
    return None


def _check_label(table: Table, columns: Sequence[str], cells: Sequence[str]) -> None:
    """Features and an id in front may be as many cells as features and a label are: such rows
    would be scored, each feature taken for another."""
    if table.label not in columns:
        return
    cell = cells[columns.index(table.label)]
    known = {float(label) for label in table.classes if is_number(label)}
    if is_number(cell) and cell not in table.missing and float(cell) not in known:
        raise TableRejected(
            "columns-unknown",
            f"{len(cells)} cells as in training, but a number that is no label stands where the"
            f" label {table.label!r} is: add a header that names all features",
        )


def _expectation(table: Table, line: str) -> str:
    found = len(split_line(line, table.delimiter))
    missing = [
        name
        for name in table.features
        if plain(name) not in {plain(cell) for cell in split_line(line, table.delimiter)}
    ]
    return (
        f"the first line has {found} cells and names no column {missing[0]!r}; expected a header"
        f" that names all {len(table.features)} features, or rows of {len(table.columns)}"
        f" columns as in training, one less without the label, or {len(table.features)} features"
    )


def decode(line: bytes) -> str:
    """As UTF-8, or else Latin-1; without a byte-order mark."""
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def split_line(line: str, delimiter: str) -> list[str]:
    """The cells of a line, stripped."""
    rows = csv.reader([line.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=True)
    return [cell.strip() for cell in next(rows, [])]


def trim(names: Sequence[str]) -> tuple[list[str], bool]:
    """A header's names, and whether it ended in a delimiter with no name after it."""
    if len(names) > 1 and names[-1] == "":
        return list(names[:-1]), True
    return list(names), False


def plain(name: str) -> str:
    """A name as it is compared: `Mean Radius` is `mean_radius`."""
    return re.sub(r"[\s_.-]+", "_", name.strip().casefold())


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def is_number(cell: str) -> bool:
    """Whether the stripped cell is a decimal number, with or without exponent."""
    return _NUMBER.fullmatch(cell) is not None
