"""Whether each file of an upload, and each row of a table, is accounted for exactly once.

An archive's files are images, masks of an image, tables that were used, or set aside for a reason;
of those alone that operating systems leave nothing is said. A table's lines are rows that are used,
or set aside for a reason; or blank, comments, what stands before the rows, further lines of a row.
"""

from __future__ import annotations

import collections
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.generated_zips import File
from sonoflow.archives.directory import Index
from sonoflow.planning.checks import Check
from sonoflow.tables import encodings

_REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COMMENTS = ("#", "//", "%")


class Unaccounted(AssertionError):
    """Something was dropped in silence, or counted twice."""


def check_archive(files: Sequence[File], index: Index, found: Check) -> None:
    """Raises Unaccounted."""
    if len(files) != len(index.members):
        return  # other bytes look like entries too, or some are lost: nobody can say whose
    wanted: collections.Counter[str] = collections.Counter()
    for file, member in zip(files, index.members, strict=True):
        folder = member.name.endswith(("/", "\\")) and not member.size
        parts = re.split(r"[\\/]", member.name)
        hidden = any(part.startswith(".") for part in parts if part not in (".", ".."))
        if not (file.system or folder or hidden):
            wanted[member.name] += 1
    told = collections.Counter(entry["source"] for entry in found.quarantine)
    told.update(entry["source"] for entry in found.entries)
    masks = [mask for entry in found.entries for mask in entry["masks"]]
    shared = any(assumption.code == "masks-shared" for assumption in found.assumptions)
    told.update(set(masks) if shared else masks)
    told.update(found.tables)
    # Of what is passed over something may be said: that its name leads out of the archive, say.
    passed = collections.Counter({name: 1 for name in told if name not in wanted})
    missing, more = wanted - told, told - wanted - passed
    if missing or more:
        raise Unaccounted(f"not told: {dict(missing)}; told more than once: {dict(more)}")
    _check_reasons(found.quarantine)


def _check_reasons(quarantine: Iterable[Mapping[str, Any]]) -> None:
    for entry in quarantine:
        if not _REASON.fullmatch(entry["reason"]) or len(entry["detail"]) < 8:
            raise Unaccounted(f"set aside without a reason: {entry}")


def check_rows(
    data: bytes, used: Sequence[int], aside: Sequence[Mapping[str, Any]], passed: int
) -> None:
    """`used` are lines, from 1; `passed` so many that are not blank stand before the rows. Raises
    Unaccounted."""
    times = collections.Counter([*used, *(row["line"] for row in aside)])
    if twice := [line for line, number in times.items() if number > 1]:
        raise Unaccounted(f"lines told more than once: {twice[:9]}")
    _check_reasons(aside)
    text = b"".join(encodings.as_utf8(iter([data])))
    lines = re.sub(rb"\r+\n", b"\n", text).split(b"\n")
    lost = list(_lost(lines, times, set(used), passed))
    if lost:
        raise Unaccounted(f"lines of which nothing is told: {lost[:9]}")
    if beyond := [line for line in times if line > len(lines)]:
        raise Unaccounted(f"lines that the file does not have: {beyond[:9]}")


def _lost(
    lines: Sequence[bytes], told: Collection[int], used: Collection[int], passed: int
) -> Iterator[int]:
    first = 0  # of the row that may go on
    for number, raw in enumerate(lines, 1):
        line = raw.decode("latin-1").replace("\xef\xbb\xbf", "").strip('\r\t "')
        if number in told:
            first = number if number in used else 0
        elif not line:
            continue
        elif passed:
            passed -= 1
        elif line.startswith(_COMMENTS):
            continue
        elif not _goes_on(lines[first - 1 : number - 1], first):
            yield number


def _goes_on(lines: Sequence[bytes], first: int) -> bool:
    """Whether a quote is open at the end of a row's first lines."""
    text = b"\n".join(lines).decode("latin-1")
    return first > 0 and text.count('"') % 2 == 1


def rows_of(names: bytes) -> list[int]:
    """The lines in a shard's table of names."""
    return [int(row["line"]) for row in csv.DictReader(io.StringIO(names.decode()))]
