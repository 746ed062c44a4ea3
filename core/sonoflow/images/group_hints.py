"""groups.csv: which images of an archive belong to one patient or study, where its maker knows.

    file,group
    benign/benign (1).png,patient-17
    benign/benign (2).png,patient-17

Files by their path in the archive, by their path from where groups.csv lies, or by their bare name
where only one image has it. A first line without such a file is a heading.
"""

from __future__ import annotations

import collections
import csv
import io
from collections.abc import Iterable

from sonoflow.archives import verdicts
from sonoflow.quarantine import SetAside

FILE_NAME = "groups.csv"
BYTES_LIMIT = 16 * 1024 * 1024
_GROUP_LIMIT = 256  # characters
_HEADINGS = frozenset({"file", "filename", "file name", "image", "path", "name"})


def find(paths: Iterable[str]) -> str | None:
    """The outermost groups.csv."""
    named = [path for path in paths if path.rpartition("/")[2].lower() == FILE_NAME]
    return min(named, key=lambda path: (path.count("/"), path), default=None)


def match(
    path: str, content: bytes, images: Iterable[str]
) -> tuple[dict[str, str], list[SetAside]]:
    """The group of each image that has one, and what could not be used of the file at `path`."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        detail = f"no CSV text in UTF-8, so no groups are known: {error}"
        return {}, [SetAside(path, "groups-unreadable", detail)]
    exact = {image: image for image in images}
    folder = path.rpartition("/")[0]
    named: dict[str, list[str]] = collections.defaultdict(list)
    for image in exact:
        named[image.rpartition("/")[2]].append(image)
    groups: dict[str, str] = {}
    unmatched: list[str] = []
    for number, row in enumerate(rows):
        if not any(row) or (number == 0 and row[0].strip().lower() in _HEADINGS):
            continue
        file = verdicts.canonical(row[0].strip())
        beside = f"{folder}/{file}" if folder else file
        alike = named.get(file, [])
        found = exact.get(beside) or exact.get(file) or (alike[0] if len(alike) == 1 else None)
        group = row[1].strip()[:_GROUP_LIMIT] if len(row) > 1 else ""
        if found and group:
            groups[found] = group
        else:
            unmatched.append(row[0][:80])
    if not unmatched:
        return groups, []
    detail = f"{len(unmatched)} lines name no image of the archive or no group: "
    return groups, [SetAside(path, "groups-unmatched", detail + ", ".join(unmatched[:5]))]
