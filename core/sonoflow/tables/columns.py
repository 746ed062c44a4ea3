"""Which column of an uploaded table is label, id or feature: by its mapping, its header, its shape.

The one table that needs neither is the Wisconsin Diagnostic Breast Cancer data as the UCI
repository publishes it: an id, M or B, and ten measures of cell nuclei, each as mean, standard
error and worst (W. H. Wolberg, W. N. Street, O. L. Mangasarian, 1995, doi:10.24432/C5DW2B).
"""

from __future__ import annotations

import collections
import csv
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from sonoflow.errors import DatasetRefused
from sonoflow.sidecar import METADATA_PREFIX, SUFFIX
from sonoflow.tables.layout import ID_NAMES, RowLayout, decode, is_number, plain, split_line, trim
from sonoflow.tables.mapping import DEFAULT_MISSING

LABEL_NAMES = ("diagnosis", "label", "class", "target", "outcome", "y")
_MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
)
WDBC_COLUMNS = (
    "id",
    "diagnosis",
    *(f"mean_{measure}" for measure in _MEASURES),
    *(f"{measure}_error" for measure in _MEASURES),
    *(f"worst_{measure}" for measure in _MEASURES),
)
# First those that numbers or words seldom hold: a comma may be a decimal one.
_SNIFFED = ("\t", ";", "|", ",")
_SAMPLE_LINES = 50
_NO_TEXT = (b"PK\x03\x04", b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff", b"%PDF")


@dataclasses.dataclass(frozen=True)
class Columns:
    """How the rows of a training table are read; its label is always known."""

    layout: RowLayout
    label: int
    dropped: Mapping[str, str]  # columns that are no features though nobody said so, and why

    @property
    def name_of_label(self) -> str:
        return self.layout.columns[self.label]

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.layout.columns[position] for position in self.layout.features)


def find_columns(head: bytes, mapping: Mapping[str, Any]) -> Columns:
    """From the beginning of a file, 50 lines of it if possible, and a mapping that was parsed.

    Raises DatasetRefused: not-a-table, empty-table, label-column-unknown, mapping-invalid or
    no-features.
    """
    lines = _sample(head)
    delimiter = mapping.get("delimiter") or _sniff(lines)
    rows = [_split(line, delimiter) for line in lines]
    if len(rows[0]) < 2:
        raise _no_table(f"the first line has a single cell with {delimiter!r} as delimiter")
    # An empty cell is never a value, whatever else is said to be none.
    missing = frozenset({"", *mapping.get("missing", DEFAULT_MISSING)})
    header = mapping.get("header", not any(is_number(cell) for cell in rows[0]))
    names, trailing, unnamed = _names(rows, header, missing)
    roles = _Roles(names, header, mapping)
    label = roles.label()
    identity, others = roles.identity(label)
    dropped = {**dict.fromkeys(unnamed, "unnamed"), **dict.fromkeys(others, "identifier")}
    features, dropped = roles.features(label, identity, dropped)
    layout = RowLayout(names, features, missing, label, identity, header, delimiter, trailing)
    return Columns(layout, label, dropped)


def _sample(head: bytes) -> list[str]:
    """The first lines that are not blank."""
    if head.startswith(_NO_TEXT) or b"\0" in head[:4096]:
        raise _no_table("the file is no text in UTF-8 or Latin-1")
    lines = (line for line in head.split(b"\n") if line.strip(b" \t\r\xef\xbb\xbf"))
    sample = [decode(line).rstrip("\r") for line in itertools.islice(lines, _SAMPLE_LINES)]
    if not sample:
        raise DatasetRefused("empty-table", "the file holds no lines but blank ones")
    if "\r" in sample[0]:
        raise _no_table("lines end in CR alone: save the file with LF or CRLF")
    return sample


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return split_line(line, delimiter)
    except csv.Error as error:
        raise _no_table(f"a line at the beginning is no CSV: {error}") from error


def _sniff(lines: Sequence[str]) -> str:
    """The delimiter that parts most lines alike, and into most cells where several do."""
    best, most = ",", (0.0, 0)
    for delimiter in _SNIFFED:
        counts = collections.Counter(len(_split(line, delimiter)) for line in lines)
        cells, times = counts.most_common(1)[0]
        # Lines are seldom all good: what nearly all agree on counts as agreed.
        score = (min(times / len(lines), 0.9), min(cells, 3))
        if cells > 1 and score > most:
            best, most = delimiter, score
    if not most[1]:
        raise _no_table("no comma, semicolon, tab or bar parts its lines into cells")
    return best


def _names(
    rows: Sequence[Sequence[str]], header: bool, missing: frozenset[str]
) -> tuple[tuple[str, ...], bool, list[str]]:
    """Of all columns; whether rows may end in a delimiter; which had no name."""
    width = len(rows[0])
    if not header:
        fitting = sum(_like_wdbc(row, missing) for row in rows)
        known = width == len(WDBC_COLUMNS) and 2 * fitting > len(rows)
        return WDBC_COLUMNS if known else tuple(_number(n) for n in range(width)), False, []
    written, trailing = trim(rows[0])
    names = [name or _number(position) for position, name in enumerate(written)]
    if twice := [name for name, times in collections.Counter(names).items() if times > 1]:
        raise _no_table(f"the header names column {twice[0]!r} twice")
    return tuple(names), trailing, [_number(n) for n, name in enumerate(written) if not name]


def _number(position: int) -> str:
    return f"column_{position}"


def _like_wdbc(row: Sequence[str], missing: frozenset[str]) -> bool:
    return (
        len(row) == len(WDBC_COLUMNS)
        and not is_number(row[1])
        and all(is_number(cell) or cell in missing for cell in row[2:])
    )


@dataclasses.dataclass(frozen=True)
class _Roles:
    names: tuple[str, ...]
    header: bool
    mapping: Mapping[str, Any]

    def label(self) -> int:
        if "label" in self.mapping:
            position = self._position(self.mapping["label"])
            if position is None:
                raise _label_unknown(
                    f"the mapping's label {self.mapping['label']!r} is none of {self._listed()}"
                )
            return position
        known = [n for n, name in enumerate(self.names) if plain(name) in LABEL_NAMES]
        if len(known) == 1:
            return known[0]
        if known:
            found = f"several columns may be it: {[self.names[n] for n in known]}"
        elif self.header:
            found = f"none is called {', '.join(LABEL_NAMES[:-1])} or {LABEL_NAMES[-1]}"
        else:
            found = "the file has no header"
        raise _label_unknown(
            f"{found}. Say which column holds the label in datasets/<name>{SUFFIX},"
            f' {{"label": "<column>"}}, uploaded before the table, or in the metadata'
            f" {METADATA_PREFIX}label. Columns: {self._listed()}"
        )

    def identity(self, label: int) -> tuple[int | None, list[str]]:
        """The column of ids, and others that look like ids too."""
        like = {plain(name): n for n, name in enumerate(self.names) if n != label}
        found = [like[name] for name in ID_NAMES if name in like]
        chosen = found[0] if found else None
        if "id" in self.mapping:
            given = self.mapping["id"]
            chosen = None if given is None else self._known("id", given)
            if chosen == label:
                raise _invalid("'id' and 'label' are the same column")
        return chosen, [self.names[n] for n in found if n != chosen]

    def features(
        self, label: int, identity: int | None, dropped: Mapping[str, str]
    ) -> tuple[tuple[int, ...], dict[str, str]]:
        """Those that are given, or all that are left; and what of `dropped` is not."""
        taken = {self._known("ignore", column) for column in self.mapping.get("ignore", ())}
        taken |= {label} if identity is None else {label, identity}
        if "features" in self.mapping:
            chosen = [self._known("features", column) for column in self.mapping["features"]]
            if len(set(chosen) - taken) < len(chosen):
                detail = "'features' names a column twice, or the label, the id or an ignored one"
                raise _invalid(detail)
            dropped = {}
        else:
            left = (n for n in range(len(self.names)) if n not in taken)
            chosen = [n for n in left if self.names[n] not in dropped]
        if not chosen:
            raise DatasetRefused("no-features", f"no column is left for features: {self._listed()}")
        kept = {name: why for name, why in dropped.items() if self.names.index(name) not in taken}
        return tuple(chosen), kept

    def _known(self, key: str, column: str | int) -> int:
        position = self._position(column)
        if position is None:
            raise _invalid(f"{key!r} names {column!r}, which is none of {self._listed()}")
        return position

    def _position(self, column: str | int) -> int | None:
        """By its name; by its number only where there is no header to go by."""
        if column in self.names:
            return self.names.index(str(column))
        if not self.header and str(column).isdecimal() and int(column) < len(self.names):
            return int(column)
        return None

    def _listed(self) -> str:
        more = f" and {len(self.names) - 40} more" if len(self.names) > 40 else ""
        return ", ".join(self.names[:40]) + more


def _no_table(detail: str) -> DatasetRefused:
    return DatasetRefused("not-a-table", detail)


def _label_unknown(detail: str) -> DatasetRefused:
    return DatasetRefused("label-column-unknown", detail)


def _invalid(detail: str) -> DatasetRefused:
    return DatasetRefused("mapping-invalid", detail)
