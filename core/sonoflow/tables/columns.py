"""Which column of an uploaded table is label, id or feature: by its mapping, its header, its shape.

Tables that need neither are those that `known` knows by their shape.
"""

from __future__ import annotations

import collections
import csv
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.tables import bookkeeping, identifiers, known, roles, writing
from sonoflow.tables.bookkeeping import BOOKKEEPING
from sonoflow.tables.known import WDBC_COLUMNS as WDBC_COLUMNS
from sonoflow.tables.layout import RowLayout
from sonoflow.tables.mapping import DEFAULT_MISSING
from sonoflow.tables.roles import IDENTIFIER, UNNAMED, Roles
from sonoflow.tables.writing import Unparted, Writing


@dataclasses.dataclass(frozen=True)
class Columns:
    """How the rows of a training table are read; its label is always known."""

    layout: RowLayout
    label: int
    dropped: Mapping[str, str]  # columns that are no features though nobody said so, and why
    assumptions: tuple[Assumption, ...] = ()
    chosen: bool = False  # whether somebody named the features

    @property
    def name_of_label(self) -> str:
        return self.layout.columns[self.label]

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.layout.columns[position] for position in self.layout.features)


def find_columns(head: bytes, mapping: Mapping[str, Any]) -> Columns:
    """From the beginning of a file in UTF-8, some 200 lines of it if possible, and a mapping that
    was parsed.

    Raises DatasetRefused: not-a-table, empty-table, label-column-unknown, mapping-invalid,
    decimal-unclear, ids-altered, rows-belong-together or no-features.
    """
    found = _written(head, mapping)
    missing = _missing(found, mapping)
    names, unnamed = _names(found, missing)
    of = Roles(names, found.header is not None, mapping)
    label = of.label()
    of.check_rivals(label, found.rows, missing)
    identity, others = of.identity(label)
    _check_ids(found, identity)
    dropped = {
        **roles.without_values(names, found.rows, missing),
        **roles.counting(names, found.rows),
        **dict.fromkeys(others, IDENTIFIER),
    }
    dropped = {**bookkeeping.found(names, found.rows, missing), **dropped}
    bookkeeping.check_together(names, of.others(label, identity), found.rows, missing)
    nameless = [name for name in unnamed if name not in dropped]
    dropped |= dict.fromkeys(unnamed, UNNAMED)
    features, dropped = of.features(label, identity, dropped)
    layout = RowLayout(
        columns=names,
        features=features,
        missing=missing,
        label=label,
        id=identity,
        header=found.header is not None,
        delimiter=found.delimiter,
        trailing=found.trailing,
        preamble=found.preamble,
        notation=found.notation,
    )
    chosen = "features" in mapping
    like_ids = [] if chosen or identity is not None else roles.like_ids(names, found.rows, features)
    books = [name for name, why in dropped.items() if why == BOOKKEEPING]
    told = (*found.assumptions, *roles.told(dropped, len(found.rows)), *like_ids)
    told = (*told, *bookkeeping.told(books))
    if nameless := [name for name in nameless if dropped.get(name) == UNNAMED]:
        told = (*told, roles.unnamed(nameless))
    return Columns(layout, label, dropped, told, chosen)


def _missing(found: Writing, mapping: Mapping[str, Any]) -> frozenset[str]:
    """An empty cell is never a value, whatever else is said to be none."""
    texts = {"", *mapping.get("missing", DEFAULT_MISSING)}
    return frozenset(texts | set(map(found.notation.read, texts)))


def _written(head: bytes, mapping: Mapping[str, Any]) -> Writing:
    if (what := writing.foreign(head)) or b"\0" in head[:4096]:
        raise _no_table(what or "the file is no text in UTF-8, UTF-16 or Latin-1")
    lines = writing.sample(head)
    if not lines:
        raise DatasetRefused("empty-table", "the file holds no lines but blank ones")
    try:
        found = writing.find(lines, mapping)
    except Unparted as error:
        raise _no_table(str(error)) from error
    except csv.Error as error:
        raise _no_table(f"a line at the beginning is no CSV: {error}") from error
    first = found.header if found.header is not None else found.rows[0]
    if len(first) < 2:
        detail = f"the first line has a single cell with {found.delimiter!r} as delimiter"
        raise _no_table(detail)
    _check_widths(found)
    if found.unclear:
        raise DatasetRefused("decimal-unclear", f"{found.unclear}: write {found.settle}")
    return found


def _check_widths(found: Writing) -> None:
    """Raises DatasetRefused where hardly a row has as many cells as the first line."""
    usual = found.usual_width()
    fitting = sum(len(row) in (found.width, found.width + found.trailing) for row in found.rows)
    if len(found.rows) < 5 or usual == found.width or 10 * fitting > len(found.rows):
        return
    detail = f"the first line has {found.width} cells, most lines below it {usual}"
    if found.header is not None and found.delimiter == "," and usual > found.width:
        detail += (
            "; if commas stand in the numbers too, save the table with semicolons between cells"
        )
    detail += '; a line before the table is passed over with {"skip": 1}'
    raise _no_table(detail)


def _names(found: Writing, missing: frozenset[str]) -> tuple[tuple[str, ...], list[str]]:
    """Of all columns; which had no name."""
    if found.header is None or writing.are_counted(found.header, named=True):
        shape = known.by_shape([row[: found.width] for row in found.rows], missing, found.number)
        if shape or found.header is None:
            return shape or tuple(_number(n) for n in range(found.width)), []
    written = found.header[: found.width]
    names = [name or _number(position) for position, name in enumerate(written)]
    times = collections.Counter(map(known.same, names))
    if twice := [name for name in names if times[known.same(name)] > 1]:
        alike = sorted(set(twice[1:]) & {n for n in twice if known.same(n) == known.same(twice[0])})
        also = f", as {alike[0]!r} too" if alike and alike[0] != twice[0] else ""
        detail = f"the header names column {twice[0]!r} twice{also}; if the names stand in the line"
        raise _no_table(f'{detail} below, {{"skip": 1}} passes over the first')
    return tuple(names), [_number(n) for n, name in enumerate(written) if not name]


def _number(position: int) -> str:
    return f"column_{position}"


def _check_ids(found: Writing, identity: int | None) -> None:
    if identity is None:
        return
    ids: Sequence[str] = [row[identity] for row in found.rows if len(row) > identity]
    if altered := identifiers.altered(ids):
        detail = f'{altered}. Export the table again, with ids as text, or write {{"id": null}}'
        raise DatasetRefused("ids-altered", detail)


def _no_table(detail: str) -> DatasetRefused:
    return DatasetRefused("not-a-table", detail)
