"""How a delimited file is written, as its first lines tell: what parts cells, what stands before
the rows, how numbers are meant. Training tables and those of the inbox are understood alike."""

from __future__ import annotations

import collections
import csv
import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.tables import numbers
from sonoflow.tables.lines import is_open
from sonoflow.tables.mapping import DEFAULT_MISSING
from sonoflow.tables.numbers import Notation

DELIMITERS = (",", ";", "\t", "|")
COMMENTS = ("#", "//", "%")
SAMPLE_LINES = 200
# First those that numbers or words seldom hold: a comma may be a decimal one.
_SNIFFED = ("\t", ";", "|", ",")
_SEPARATOR = re.compile(r'"?sep=(.)"?,?;?', re.IGNORECASE)
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook, or a zip",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "compressed",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
}
_COUNTED = 4  # cells, fewer of which may be a row
_ROWS = 5  # fewer tell nothing of what lines have in common
EITHER = (Notation("."), Notation(",", "."))


@dataclasses.dataclass(frozen=True)
class Writing:
    delimiter: str
    preamble: int  # lines that are passed over besides the header, blank ones not counted
    header: tuple[str, ...] | None  # the cells of it
    rows: tuple[tuple[str, ...], ...]  # those of the sample, as they are: `trailing` included
    trailing: bool  # rows may end in a delimiter
    notation: Notation
    unclear: str  # why the notation is not known; empty if it is
    settle: str  # what a mapping may say then
    assumed: str  # what was assumed of the notation, if anything
    differs: bool  # whether columns are written in several notations
    assumptions: tuple[Assumption, ...]

    @property
    def width(self) -> int:
        """Of the header, or else the first row; a delimiter at its end makes no cell."""
        first = self.header if self.header is not None else self.rows[0]
        ended = self.trailing and len(first) > 1 and not first[-1]
        return len(first) - ended

    def number(self, cell: str) -> bool:
        return self.notation.is_number(cell)

    def usual_width(self) -> int:
        """How many cells most rows have, a trailing delimiter not counted."""
        widths = collections.Counter(
            len(row) - (self.trailing and len(row) > 1 and not row[-1]) for row in self.rows
        )
        return widths.most_common(1)[0][0] if widths else self.width


class Unparted(ValueError):
    """Nothing parts the lines into cells."""


def foreign(head: bytes) -> str:
    """A sentence, if the file is no text but something else that is known; else nothing."""
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            return f"the file is no text, it is {what}: save the table as CSV"
    return ""


def sample(head: bytes) -> list[str]:
    """The first lines of UTF-8 text that are not blank; a line feed in quotes ends no line."""
    lines = (line for line in head.split(b"\n") if line.strip(b" \t\r\xef\xbb\xbf"))
    texts = [decode(line).rstrip("\r") for line in itertools.islice(lines, SAMPLE_LINES)]
    return _joined(texts)


def _joined(lines: Sequence[str]) -> list[str]:
    """Lines put together that a quote holds together: from one with an odd number to the next."""
    found: list[str] = []
    at = 0
    while at < len(lines):
        line, at = lines[at], at + 1
        if line.count('"') % 2 and is_open(line):
            end = next((n for n in range(at, len(lines)) if lines[n].count('"') % 2), None)
            if end is not None and not is_open(whole := "\n".join([line, *lines[at : end + 1]])):
                line, at = whole, end + 1
        found.append(line)
    return found


def find(lines: Sequence[str], given: Mapping[str, Any], delimiter: str | None = None) -> Writing:
    """From a sample, of one line at least, and what a mapping says. A `delimiter` is tried as it
    is. Raises Unparted; csv.Error."""
    start, said = _comments(lines)
    if start == len(lines):
        start, said = 0, None
    delimiter = delimiter or given.get("delimiter") or said or sniff(lines[start:])
    rows = _split(lines, delimiter)
    titles = _titles(rows[start:])
    start = min(given.get("skip", start + titles), len(rows) - 1)
    counted = given.get("header") is None and are_counted(rows[start])
    start = min(start + counted, len(rows) - 1)
    header = given.get("header", not counted and not _has_number(rows[start]))
    names = _unmarked(rows[start]) if header else None
    body = rows[start + header :]
    units = header and given.get("units", _are_units(body))
    body = body[units:]
    trailing = _trails(names if names is not None else body[0], body)
    found = _notation(body, given)
    told = [
        *_told_of_lines(titles, "skip" in given, counted=counted, units=units),
        *_told_of_numbers(found),
    ]
    passed = sum(1 + line.count("\n") for line in lines[: start + header + units]) - header
    return Writing(
        delimiter=delimiter,
        preamble=passed,
        header=names,
        rows=tuple(body),
        trailing=trailing,
        notation=found.notation,
        unclear=found.unclear,
        settle=found.settle,
        assumed=found.assumed,
        differs=found.differs,
        assumptions=tuple(told),
    )


def _comments(lines: Sequence[str]) -> tuple[int, str | None]:
    """How many lines at the beginning are none of the table, and the delimiter that one names."""
    said = None
    for count, line in enumerate(lines):
        if named := _SEPARATOR.fullmatch(line.strip()):
            said = named[1] if named[1] in DELIMITERS else None
        elif not _is_comment(line) or _is_row(line, lines[count + 1 :]):
            return count, said
    return len(lines), said


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(COMMENTS)


def _is_row(line: str, following: Sequence[str]) -> bool:
    """`#id,a,b` is a header: it is parted as the line after it is, and that is none."""
    row = next((one for one in following if not _is_comment(one)), "")
    alike = [mark for mark in _SNIFFED if 0 < line.count(mark) == row.count(mark)]
    return any(_has_number(_cells(row, mark)) for mark in alike)


def sniff(lines: Sequence[str]) -> str:
    """The delimiter that parts most lines alike, and into most cells where several do.

    Raises Unparted.
    """
    best, most = ",", (0.0, 0)
    for delimiter in _SNIFFED:
        counts = collections.Counter(len(_cells(line, delimiter)) for line in lines)
        cells, times = counts.most_common(1)[0]
        # Lines are seldom all good: what nearly all agree on counts as agreed.
        score = (min(times / len(lines), 0.9), min(cells, 3))
        if cells > 1 and score > most:
            best, most = delimiter, score
    if not most[1]:
        raise Unparted("no comma, semicolon, tab or bar parts its lines into cells")
    return best


def _split(lines: Sequence[str], delimiter: str) -> list[tuple[str, ...]]:
    """The cells of each line; none of a line that is no CSV, unless it is the first: csv.Error."""
    return [tuple(split(lines[0], delimiter)), *(_cells(line, delimiter) for line in lines[1:])]


def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(split(line, delimiter))
    except csv.Error:
        return ()


def _unmarked(names: tuple[str, ...]) -> tuple[str, ...]:
    """A header without the sign of a comment, with which some programs begin it."""
    if not names or not _is_comment(names[0]):
        return names
    return (names[0].lstrip("#%/ "), *names[1:])


def _titles(rows: Sequence[Sequence[str]]) -> int:
    """How many lines at the beginning hold a text and nothing else, where the others are rows."""
    if len(rows) < _ROWS:
        return 0
    usual, times = collections.Counter(map(len, rows)).most_common(1)[0]
    if usual < 3 or 2 * times < len(rows):
        return 0
    titles = list(itertools.takewhile(lambda row: sum(map(bool, row)) < 2, rows))
    after = rows[len(titles)] if len(titles) < len(rows) else ()
    if not _has_number(after) or are_counted(after):
        return len(titles)
    # Where no header follows, a row may hold nothing but an id.
    return sum(1 for _ in itertools.takewhile(lambda row: len(row) < 2, titles))


def are_counted(row: Sequence[str], named: bool = False, numbers: bool = False) -> bool:
    """Whether the cells are 0, 1, 2, … or 1, 2, 3, …: a header that names nothing.

    So does V1, V2, V3, … or the like, which is still what a mapping may call the columns: `named`.
    As `numbers`, 1.0 and 1 are the same.
    """
    cells = list(row[1:] if row and not row[0] else row)
    cells = [cell.removesuffix(".0") for cell in cells] if numbers else cells
    if len(cells) < _COUNTED or not (first := re.fullmatch(r"(\D*)([01])", cells[0])):
        return False
    mark, start = first[1], int(first[2])
    return (named or not mark) and cells == [f"{mark}{start + n}" for n in range(len(cells))]


def _has_number(row: Sequence[str]) -> bool:
    return any(notation.is_number(cell) for cell in row for notation in EITHER)


def _are_units(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row holds words where the others hold numbers."""
    if len(rows) < _ROWS or not any(rows[0]) or _has_number(rows[0]):
        return False
    columns = [n for n, cell in enumerate(rows[0]) if cell not in DEFAULT_MISSING]
    others = [row for row in rows[1:] if len(row) == len(rows[0])]
    held = [_has_number([row[column]]) for row in others for column in columns]
    return len(columns) > 1 and 2 * sum(held) > len(held)


def _trails(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the header ends in a delimiter, or the rows do and the header does not."""
    if len(first) > 1 and not first[-1]:
        alike = [not row[-1] for row in rows if len(row) == len(first)]
        return 2 * sum(alike) >= len(alike)
    longer = [row for row in rows if len(row) == len(first) + 1]
    if not longer or any(row[-1] for row in longer):
        return False
    # The delimiter before a last cell that is lacking means something.
    lacking = any(len(row) == len(first) and not row[-1] for row in rows)
    return 2 * len(longer) > len(rows) or not lacking


def _notation(rows: Sequence[Sequence[str]], given: Mapping[str, Any]) -> numbers.Found:
    if "decimal" in given or "thousands" in given:
        thousands = given.get("thousands", "")
        decimal = given.get("decimal", "," if thousands == "." else ".")
        return numbers.Found(Notation(decimal, thousands))
    width = max(map(len, rows), default=0)
    return numbers.find([row[n] for row in rows if n < len(row)] for n in range(width))


def _told_of_lines(titles: int, settled: bool, *, counted: bool, units: bool) -> list[Assumption]:
    told = []
    if titles and not settled:
        lines = "lines of text before the rows are" if titles > 1 else "line, a text, is"
        detail = f"the first {f'{titles} ' if titles > 1 else ''}{lines} no part of the table"
        told.append(Assumption("lines-passed-over", detail, '{"skip": 0}'))
    if counted:
        detail = "the first line counts the columns: it names none, and is no row"
        told.append(Assumption("columns-counted", detail, '{"header": false}'))
    if units:
        detail = "the line below the header holds words, units say, where others hold numbers"
        told.append(Assumption("units-passed-over", detail, '{"units": false}'))
    return told


def _told_of_numbers(found: numbers.Found) -> list[Assumption]:
    if not found.assumed:
        return []
    grouped = found.notation.decimal == ","
    settle = '{"decimal": ",", "thousands": ""}' if grouped else '{"decimal": ","}'
    return [Assumption("thousands", found.assumed, settle)]


def decode(line: bytes) -> str:
    """As UTF-8, or else Latin-1; without a byte-order mark."""
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line, stripped."""
    rows = csv.reader([line.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=True)
    return [cell.strip() for cell in next(rows, [])]
