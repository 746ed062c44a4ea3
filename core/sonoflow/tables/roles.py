"""What each column of an uploaded table is for."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.sidecar import METADATA_PREFIX, SUFFIX
from sonoflow.tables import codings
from sonoflow.tables.known import plain
from sonoflow.tables.layout import ID_NAMES

LABEL_NAMES = ("diagnosis", "label", "class", "target", "outcome", "y")
# Other columns called so may be the label as well, where it is but called as these.
_ALSO_LABELS = (
    *("pathology", "malignant", "malignancy", "is_malignant", "cancer", "is_cancer", "benign"),
    *("histology", "biopsy", "biopsy_result", "result", "tumor_type", "tumour_type"),
)
# Ids of whatever: never measures.
_ID = re.compile(r".*_(id|mrn|uid|uuid|guid)|uuid|guid")
# How programs call the column in which they count rows.
_COUNTS = ("index", "level_0", "row", "rowid", "row_id", "row_number", "rownames", "row_names")
_EMPTY, COUNTING = "empty", "counts rows"
UNNAMED, IDENTIFIER = "unnamed", "identifier"
_LISTED = 20  # columns that a sentence names
_WORDS = 20  # more are no classes
_HOW = (
    f"say which column holds the label in datasets/<name>{SUFFIX},"
    f' {{"label": "<column>"}}, uploaded before the table, or in the metadata'
    f" {METADATA_PREFIX}label"
)
_DIGITS = 5  # of a number that may be an id
_ROWS = 10  # fewer tell nothing of a column


@dataclasses.dataclass(frozen=True)
class Roles:
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
            known += [n for n, name in enumerate(self.names) if plain(name) in _ALSO_LABELS]
        if len(known) == 1:
            return known[0]
        if known:
            found = f"several columns may be it: {[self.names[n] for n in known]}"
        elif self.header:
            found = f"none is called {', '.join(LABEL_NAMES[:-1])} or {LABEL_NAMES[-1]}"
        else:
            found = "the file has no header"
        raise _label_unknown(f"{found}. {_HOW[0].upper()}{_HOW[1:]}. Columns: {self._listed()}")

    def check_rivals(
        self, label: int, rows: Sequence[Sequence[str]], missing: frozenset[str]
    ) -> None:
        """Raises DatasetRefused (label-column-unknown) where the label is known by its name alone,
        and another column holds words for both classes."""
        if "label" in self.mapping or self._says(label, rows, missing):
            return
        for other in self.others(label, None):
            if self._says(other, rows, missing):
                found = f"{self.names[other]!r} holds words for both classes, {self.names[label]!r}"
                raise _label_unknown(f"{found} none; {_HOW}. Columns: {self._listed()}")

    def _says(self, column: int, rows: Sequence[Sequence[str]], missing: frozenset[str]) -> bool:
        """Whether all cells of a sample say by themselves whether there is a disease."""
        cells = {row[column] for row in rows if len(row) > column} - missing
        return 1 < len(cells) <= _WORDS and {codings.sign(cell) for cell in cells} == {
            codings.POSITIVE,
            codings.NEGATIVE,
        }

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
        found += [n for name, n in like.items() if _ID.fullmatch(name) and n not in found]
        return chosen, [self.names[n] for n in sorted(found) if n != chosen]

    def others(self, label: int, identity: int | None) -> list[int]:
        """Columns that are neither label nor id, and that nobody has said to ignore."""
        left_out = {self._known("ignore", column) for column in self.mapping.get("ignore", ())}
        left_out |= {label} if identity is None else {label, identity}
        return [n for n in range(len(self.names)) if n not in left_out]

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
            detail = f"no column is left for features: {self._listed()}"
            over = ", ".join(f"{name!r} ({why})" for name, why in [*dropped.items()][:5])
            raise DatasetRefused("no-features", detail + (f"; passed over: {over}" if over else ""))
        kept = {name: why for name, why in dropped.items() if self.names.index(name) not in taken}
        return tuple(chosen), kept

    def _known(self, key: str, column: str | int) -> int:
        position = self._position(column)
        if position is None:
            raise _invalid(f"{key!r} names {column!r}, which is none of {self._listed()}")
        return position

    def _position(self, column: str | int) -> int | None:
        """By its name, or its number from 0; a text is a number only where there is no header."""
        if isinstance(column, str) and column in self.names:
            return self.names.index(column)
        number = isinstance(column, int) or not self.header
        if not number or not str(column).isdecimal() or int(column) >= len(self.names):
            return None
        # A header of numbers may mean another column by that.
        called = str(column) in self.names and self.names[int(column)] != str(column)
        return None if called else int(column)

    def _listed(self) -> str:
        more = f" and {len(self.names) - 40} more" if len(self.names) > 40 else ""
        return ", ".join(self.names[:40]) + more


def without_values(
    names: Sequence[str], rows: Sequence[Sequence[str]], missing: frozenset[str]
) -> dict[str, str]:
    """Columns of a sample in which no cell holds anything."""
    return {
        name: _EMPTY
        for at, name in enumerate(names)
        if len(cells := [row[at] for row in rows if len(row) > at]) >= _ROWS
        and missing.issuperset(cells)
    }


def counting(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Columns of a sample that count its rows, or are called so and hold no number twice."""
    found = {}
    for at, name in enumerate(names):
        cells = [row[at] for row in rows if len(row) > at]
        if len(cells) < _ROWS or not all(cell.isdecimal() and len(cell) < 16 for cell in cells):
            continue
        values = list(map(int, cells))
        by_one = all(b - a == 1 for a, b in itertools.pairwise(values))
        called = plain(name) in _COUNTS or plain(name).startswith("unnamed:")
        if by_one or (called and len(set(values)) == len(values)):
            found[name] = COUNTING
    return found


def told(dropped: Mapping[str, str], rows: int) -> list[Assumption]:
    """Of columns that are passed over for what they hold in a sample of so many rows."""
    empty = [name for name, why in dropped.items() if why == _EMPTY]
    counts = [name for name, why in dropped.items() if why == COUNTING]
    said = []
    if empty:
        listed = _listed(empty)
        detail = f"columns without a value in the first {rows} rows are passed over: {listed}"
        said.append(Assumption("empty-columns", detail, _features(empty)))
    if counts:
        said.append(counted(counts))
    if ids := [name for name, why in dropped.items() if why == IDENTIFIER]:
        detail = f"columns that are called as ids are no features: {_listed(ids)}"
        detail += "; rows that share one are taken for independent"
        said.append(Assumption("identifier-columns", detail, _features(ids)))
    return said


def unnamed(names: Sequence[str]) -> Assumption:
    detail = f"columns without a name are no features, whatever they hold: {_listed(names)}"
    return Assumption("unnamed-columns", detail, _features(names))


def like_ids(
    names: Sequence[str], rows: Sequence[Sequence[str]], features: Sequence[int]
) -> list[Assumption]:
    """Of features of a sample without ids that hold long whole numbers, few of them twice."""
    said = []
    for at in features:
        cells = [row[at] for row in rows if len(row) > at]
        cells = [cell.removesuffix(".0") for cell in cells]  # as data frames with gaps have them
        once = 10 * len(set(cells)) >= 9 * len(cells) >= 9 * _ROWS
        if once and all(cell.isdecimal() and len(cell) >= _DIGITS for cell in cells):
            detail = f"column {names[at]!r} is a measure, though its numbers may be ids"
            settle = json.dumps({"id": names[at]}, ensure_ascii=False)
            said.append(Assumption("may-be-ids", detail, settle))
    return said


def counted(names: Sequence[str]) -> Assumption:
    detail = f"columns that count the rows are no features: {_listed(names)}"
    return Assumption("counting-columns", detail, _features(names))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(map(repr, names[:_LISTED])) + more


def _features(names: Sequence[str]) -> str:
    return json.dumps({"features": [*names[:3], "…"]}, ensure_ascii=False)


def _label_unknown(detail: str) -> DatasetRefused:
    return DatasetRefused("label-column-unknown", detail)


def _invalid(detail: str) -> DatasetRefused:
    return DatasetRefused("mapping-invalid", detail)
