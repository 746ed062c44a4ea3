"""groups.csv: which images of an archive belong to one patient or study, where its maker knows.

    file,group
    benign/benign (1).png,patient-17
    benign/benign (2).png,patient-17

Files by their path in the archive, by their path from where groups.csv lies, or by their bare name
where only one image has it. A first line without such a file is a heading. Any delimiter, any
encoding. Whoever puts it there means groups: if nothing of it is understood, the set is refused.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import listings
from sonoflow.images.listings import Names, Rows
from sonoflow.quarantine import SetAside

FILE_NAMES = frozenset({"groups.csv", "groups.tsv", "groups.xlsx"})
BYTES_LIMIT = listings.BYTES_LIMIT
_GROUP_LIMIT = 256  # characters
_SEEMS = re.compile(
    r"(?:patient|group|gruppe|patiente|pazient|paciente|subject|case)(?:s|n|en|i)?"
    r"(?:[_ -]?(?:ids?|list))?"
    r"\.(?:csv|tsv|xlsx?|ods|txt|json)",
    re.IGNORECASE,
)
UNUSED = Assumption(
    "patients-unused",
    "a file that seems to name patients is not used: images are not kept together by it",
    '{"groups": {"file": "<table>.csv", "image": "<column>", "group": "<column>"}}',
)
_SETTLE = (
    "put it right (file,group in each line), or leave it out and write into <name>.mapping.json: "
    '{"groups": "none"}'
)


@dataclasses.dataclass(frozen=True)
class Hints:
    groups: dict[str, str]  # by image
    set_aside: list[SetAside]
    assumptions: list[Assumption]


def find(paths: Iterable[str]) -> str | None:
    """The outermost groups.csv."""
    named = [path for path in paths if path.rpartition("/")[2].lower() in FILE_NAMES]
    return min(named, key=lambda path: (path.count("/"), path), default=None)


def seems_to_name_patients(path: str) -> bool:
    return _SEEMS.fullmatch(path.rpartition("/")[2]) is not None


def unreadable(path: str, why: object) -> DatasetRefused:
    detail = f"{path!r} says which images belong together, but cannot be used: {why}; {_SETTLE}"
    return DatasetRefused("groups-unreadable", detail)


def match(path: str, content: bytes, images: Iterable[str]) -> Hints:
    """The group of each image that has one, and what could not be used of the file at `path`.

    Raises DatasetRefused (groups-unreadable) where no line names an image and its group.
    """
    try:
        rows = [row for row in listings.parse(path, content) if any(row)]
    except listings.Unreadable as error:
        raise unreadable(path, error) from error
    known = list(images)
    names, folder = Names(known), path.rpartition("/")[0]
    file_column, group_column = _columns(path, rows, names, folder)
    groups: dict[str, str] = {}
    unmatched: list[str] = []
    for number, row in enumerate(rows):
        found = names.find(_cell(row, file_column), folder)
        group = _cell(row, group_column)[:_GROUP_LIMIT]
        if found and listings.is_told(group):
            if groups.setdefault(found, group) != group:
                raise unreadable(path, f"line {number + 1} gives an image a second group")
        elif number or found:  # a first line that names no image is a heading
            unmatched.append(_cell(row, file_column)[:80])
    if known and not groups:
        raise unreadable(path, f"none of its {len(rows)} lines names an image and a group")
    return Hints(groups, _unmatched(path, unmatched), _incomplete(len(known) - len(groups)))


def _columns(path: str, rows: Rows, names: Names, folder: str) -> tuple[int, int]:
    """Where images are named, and where their groups. Raises DatasetRefused (groups-unreadable)
    where several columns may be those."""
    width = min(max((len(row) for row in rows), default=0), 64)
    counts = [sum(bool(names.find(_cell(row, at), folder)) for row in rows) for at in range(width)]
    file_column = counts.index(max(counts)) if counts else 0
    header = rows[0] if rows else []
    heading = listings.heading(header, listings.GROUPS, file_column)
    if heading is not None:
        return file_column, heading
    filled = {at for row in rows for at in range(width) if _cell(row, at)} - {file_column}
    if len(filled) > 1:
        image = _cell(header, file_column)[:60]
        told = f'{{"groups": {{"file": "{path.rpartition("/")[2]}", "image": "{image}", '
        told += '"group": "<column>"}}'
        raise unreadable(path, f"which of its columns names the groups no heading says: {told}")
    return file_column, min(filled, default=file_column + 1)


def _cell(row: list[str], at: int) -> str:
    return row[at].strip() if at < len(row) else ""


def _unmatched(path: str, lines: list[str]) -> list[SetAside]:
    if not lines:
        return []
    detail = f"{len(lines)} lines name no image of the archive or no group: "
    return [SetAside(path, "groups-unmatched", detail + ", ".join(lines[:5]))]


def _incomplete(missing: int) -> list[Assumption]:
    if not missing:
        return []
    detail = f"{missing} images are in no group of groups.csv: each was taken to stand alone"
    return [Assumption("groups-incomplete", detail, "")]
