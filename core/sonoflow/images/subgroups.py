"""Subgroups of an external set: of each image the device, the site, as a table in the archive says.

A mapping names the table and its columns (mapping.py); without one, columns are taken whose heading
is a word for a scanner or a place. They are read of external sets alone, whose figures are told by
subgroup, so what stands in such a column is published. A column of many values tells no subgroups.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.errors import ImageRejected
from sonoflow.images import formats, layouts, listings
from sonoflow.images.listings import Listing, Names, Rows
from sonoflow.images.mapping import is_external
from sonoflow.images.table_hints import TABLES_LIMIT, UNUSED_TABLE
from sonoflow.quarantine import SetAside
from sonoflow.sidecar import invalid

HEADINGS = (
    *("device", "scanner", "machine", "manufacturer", "system", "equipment", "transducer", "probe"),
    *("site", "hospital", "center", "centre", "institution", "clinic"),
)
VALUES_MOST = 20  # of a column
VALUE_LIMIT = 60  # characters


@dataclasses.dataclass
class Subgroups:
    by_image: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    tables: set[str] = dataclasses.field(default_factory=set)  # of which a column is used
    assumptions: list[Assumption] = dataclasses.field(default_factory=list)

    def without(self, set_aside: Iterable[SetAside]) -> list[SetAside]:
        """Those entries that do not say that nothing of a table was used that is used here."""
        return [
            entry
            for entry in set_aside
            if entry.reason != UNUSED_TABLE or entry.source not in self.tables
        ]


def gather(
    paths: Iterable[str], read: Callable[[str], bytes], mapping: Mapping[str, Any]
) -> Subgroups:
    """Of a set that is not external none. `read` gives a table's content, or raises ImageRejected.

    Raises DatasetRefused (mapping-invalid) where the mapping names what is not there.
    """
    found = Subgroups()
    if not is_external(dict(mapping)):
        return found
    every = list(paths)
    scans = (path for path in every if formats.is_image(path))
    names = Names(path for path in scans if not layouts.is_named_mask(path))
    tables = sorted(
        (path for path in every if path.lower().endswith(listings.SUFFIXES)),
        key=lambda path: (path.count("/"), path),
    )
    rows = {path: parsed for path in tables[:TABLES_LIMIT] if (parsed := _rows(path, read))}
    if told := mapping.get("subgroups"):
        _as_told(told, rows, names, found)
        return found
    for path, table in rows.items():
        listing = listings.match(path, table, names)
        if listing is not None:
            _likely(listing, found)
    return found


def _rows(path: str, read: Callable[[str], bytes]) -> Rows | None:
    """None of what cannot be read: table_hints.py says so."""
    try:
        return listings.parse(path, read(path))
    except (listings.Unreadable, ImageRejected):
        return None


def _as_told(
    told: Mapping[str, Any], rows: Mapping[str, Rows], names: Names, found: Subgroups
) -> None:
    file = told["file"].lower()
    path = next((p for p in rows if p.lower() == file or p.lower().endswith(f"/{file}")), None)
    if path is None:
        there = ", ".join(rows) or "none"
        raise invalid(f"'subgroups' names the table {told['file']!r}; in the archive: {there}")
    listing = listings.match(path, rows[path], names, told["image"])
    if listing is None:
        raise invalid(f"'subgroups': the column {told['image']!r} of {path!r} names no image")
    for name in told["columns"]:
        at = listing.column(name)
        if at is None:
            columns = ", ".join(listing.header[:30])
            raise invalid(f"'subgroups': {path!r} has no column {name!r}; columns: {columns}")
        values = set(listing.values(at).values())
        if len(values) > VALUES_MOST:
            raise invalid(
                f"'subgroups': the column {name!r} of {path!r} has {len(values)} values, and"
                f" {VALUES_MOST} are the most: it seems to name images or patients"
            )
        _add(listing, at, found)


def _likely(listing: Listing, found: Subgroups) -> None:
    for name in HEADINGS:
        at = listing.column(name)
        if at is None or at == listing.image_column:
            continue
        if 2 <= len(set(listing.values(at).values())) <= VALUES_MOST:
            _add(listing, at, found)
            heading = listing.header[at][:VALUE_LIMIT]
            found.assumptions.append(
                Assumption(
                    "subgroups-from-table",
                    f"subgroups were taken from the column {heading!r} of a table in the archive",
                    '{"subgroups": {"file": "<table>.csv", "image": "<column>", "columns":'
                    ' ["<column>"]}}',
                )
            )


def _add(listing: Listing, at: int, found: Subgroups) -> None:
    found.tables.add(listing.path)
    column = listing.header[at][:VALUE_LIMIT]
    for image, value in listing.values(at).items():
        found.by_image.setdefault(image, {}).setdefault(column, value[:VALUE_LIMIT])
