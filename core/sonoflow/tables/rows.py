"""A single line of a table, read with care: either a row, or what is wrong with it."""

from __future__ import annotations

import csv
import dataclasses
import functools
import re

import numpy as np

from sonoflow.tables.known import same
from sonoflow.tables.layout import RowLayout
from sonoflow.tables.lines import LINE_BYTES_LIMIT
from sonoflow.tables.numbers import is_number
from sonoflow.tables.writing import COMMENTS, DELIMITERS, EITHER, are_counted, decode

JOINED = "tables-joined"  # of a line that makes the whole file unusable
OTHERWISE = "other-notation"
# Models see 32-bit floating point: beyond this a number is infinite to them.
FLOAT32_LIMIT = float(np.finfo(np.float32).max)
# Of Latin-1 too: what is no Latin-1 text either, Windows' quotation marks say, has them.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


@dataclasses.dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not used, and why. `detail` names columns and holds no cell of the row."""

    line: int  # physical, from 1
    reason: str
    detail: str
    rows: int = 1  # that the line holds, as far as one can see
    # Where there are more or fewer cells than there should be: how many, and whether these are
    # words alone, as names of columns are.
    cells: int = dataclasses.field(default=0, compare=False)
    words: bool = dataclasses.field(default=False, compare=False)

    def document(self) -> dict[str, int | str]:
        rows = {"rows": self.rows} if self.rows > 1 else {}
        return {"line": self.line, "reason": self.reason, "detail": self.detail, **rows}


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    line: int
    id: str
    label: str  # empty where the layout has none
    values: list[float]


def parse_record(first: int, last: int, content: bytes, layout: RowLayout) -> list[Row | BadRow]:
    """What stands in lines that a quote holds together, without their last line feed.

    Where that is no row, neither the line that opens the quote is one nor the line that closes it;
    lines between them are what they are.
    """
    found = parse_row(first, content, layout, several=True)
    if isinstance(found, Row):
        return [found]
    detail = f"a quote that line {first} opens is closed in line {last}, and they make no row"
    between = content.split(b"\n")[1:-1]
    parsed = [parse_row(first + n, line, layout) for n, line in enumerate(between, 1)]
    return [
        BadRow(first, "unreadable-text", detail),
        *(row for row in parsed if row is not None),
        BadRow(last, "unreadable-text", detail),
    ]


def parse_row(
    line: int, content: bytes, layout: RowLayout, *, several: bool = False
) -> Row | BadRow | None:
    """The line without its line feed; None if it is blank, or a comment. `several` lines make one
    row where quotes hold them together."""
    if len(content) > LINE_BYTES_LIMIT:
        detail = f"the line is longer than {LINE_BYTES_LIMIT} bytes"
        return BadRow(line, "line-too-long", detail)
    text = decode(content)
    if not text.strip(" \t\r"):
        return None
    if _CONTROL.search(text.replace("\n", " ") if several else text):
        joined = [part for part in text.split("\r") if part.strip()]
        detail = "the line holds control characters"
        if lines := text.count("\r"):
            detail += f", {lines} CR where other lines end in LF"
        whole = all(part.count(layout.delimiter) + 1 >= len(layout.columns) for part in joined)
        rows = len(joined) if whole else 1
        detail += f": {rows} rows" if rows > 1 else ""
        return BadRow(line, "unreadable-text", detail, rows)
    try:
        (cells,) = csv.reader([text], _dialect(layout.delimiter))
    except csv.Error as error:
        return BadRow(line, "unreadable-text", f"not as CSV is quoted: {error}")
    cells = [cell.strip() for cell in cells]
    if layout.trailing and len(cells) == len(layout.columns) + 1 and not cells[-1]:
        cells.pop()
    if len(cells) != len(layout.columns):
        if _is_comment(cells, layout):
            return None
        detail = f"{len(cells)} cells, expected {len(layout.columns)}"
        words = sum(map(bool, cells)) > 1 and not any(map(layout.notation.is_number, cells))
        return BadRow(line, "wrong-column-count", detail, cells=len(cells), words=words)
    if are_counted(cells, numbers=True):
        return BadRow(line, "counts-columns", "the line counts the columns, it measures nothing")
    return _row(line, cells, layout)


def _is_comment(cells: list[str], layout: RowLayout) -> bool:
    """Whether the cells are one text, or words after a sign that stands apart: an id may begin
    with such a sign, and its row may have lost a cell."""
    mark = next((mark for mark in COMMENTS if cells[0].startswith(mark)), "")
    if not mark or len(cells) == 1:
        return bool(mark)
    apart = cells[0].removeprefix(mark).startswith(" ")
    return apart and not any(map(layout.notation.is_number, cells[1:]))


@functools.lru_cache(maxsize=16)
def missing_numbers(missing: frozenset[str]) -> frozenset[float]:
    """Those that mean that there is no value, -999 say, however they are written."""
    return frozenset(float(text) for text in missing if is_number(text))


def _row(line: int, cells: list[str], layout: RowLayout) -> Row | BadRow:
    label = "" if layout.label is None else cells[layout.label]
    if layout.label is not None and label in layout.missing:
        column = layout.columns[layout.label]
        return BadRow(line, "missing-label", f"column {column!r} holds no label")
    identity = str(line) if layout.id is None else cells[layout.id]
    if layout.id is not None and identity in layout.missing:
        return BadRow(line, "missing-value", f"column {layout.columns[layout.id]!r} holds no id")
    wanted = [layout.notation.read(cells[position]) for position in layout.features]
    if (values := _numbers(wanted, layout.missing)) is not None:
        return Row(line, identity, label, values)
    if header := _header(line, cells, layout):
        return header
    position, reason = next(
        (position, reason)
        for position in layout.features
        if (reason := _fault(cells[position], layout))
    )
    return BadRow(line, reason, f"column {layout.columns[position]!r} {_FAULTS[reason]}")


def _header(line: int, cells: list[str], layout: RowLayout) -> BadRow | None:
    """What is to be said of cells that are the names of columns, as where files were joined."""
    names = _names(layout.columns)
    if same(cells[layout.features[0]]) not in names:
        return _other_header(line, cells, layout)
    found = [(same(cell), name) for cell, name in zip(cells, names, strict=True)]
    known = [one == name for one, name in found if one in names]
    if 2 * len(known) <= len(cells):
        return None
    if all(known):
        return BadRow(line, "repeated-header", "the line names the columns once more")
    detail = "the line names the columns in another order: two tables were joined"
    return BadRow(line, JOINED, detail)


def _other_header(line: int, cells: list[str], layout: RowLayout) -> BadRow | None:
    """What is to be said of words in all of a row's cells, where features are numbers."""
    held = [cells[at] for at in layout.features]
    words = [one for one in held if one not in layout.missing and one.casefold() not in _WORDS]
    known = any(notation.is_number(one) for one in words for notation in EITHER)
    if len(held) < 2 or known or len(words) < len(held) or len(set(cells)) < len(cells):
        return None
    detail = "all cells of the line are words, as names of columns are: another table begins there"
    settle = 'if a text means that there is no value, write {"missing": ["<text>"]}'
    return BadRow(line, JOINED, f"{detail}; {settle}")


@functools.lru_cache(maxsize=16)
def _names(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(same, columns))


_FAULTS = {
    "missing-value": "holds no value",
    "not-a-number": "holds text that is no number",
    "infinite-value": "holds a number that is infinite as 32-bit floating point",
    OTHERWISE: "holds a number that is written otherwise than those before, with a decimal comma or"
    " point or a mark for thousands",
}
_DIGITS = re.compile(r"[0-9+\-.eE]+")
_WORDS = {"nan": "missing-value", "inf": "infinite-value", "infinity": "infinite-value"}


def _numbers(cells: list[str], missing: frozenset[str]) -> list[float] | None:
    """All of them, or None if one is none that can be used."""
    # Of these characters float() takes what is_number() takes, and it takes no time.
    if not (_DIGITS.fullmatch("".join(cells)) and missing.isdisjoint(cells)):
        return None
    try:
        values = list(map(float, cells))
    except ValueError:
        return None
    usable = max(values) <= FLOAT32_LIMIT and min(values) >= -FLOAT32_LIMIT
    return values if usable and missing_numbers(missing).isdisjoint(values) else None


def _fault(cell: str, layout: RowLayout) -> str:
    """Why there is no usable number in a cell; empty where there is one."""
    number = layout.notation.read(cell)
    if cell in layout.missing:
        return "missing-value"
    if not is_number(number):
        written = any(notation.is_number(cell) for notation in EITHER)
        word = _WORDS.get(cell.lstrip("+-").casefold(), "not-a-number")
        return OTHERWISE if written else word
    value = float(number)
    if value in missing_numbers(layout.missing):
        return "missing-value"
    return "" if abs(value) <= FLOAT32_LIMIT else "infinite-value"


def _dialect(delimiter: str) -> type[csv.Dialect]:
    return _DIALECTS[delimiter]


def _strict(character: str) -> type[csv.Dialect]:
    class Strict(csv.excel):
        delimiter = character
        skipinitialspace = True
        strict = True

    return Strict


_DIALECTS = {character: _strict(character) for character in DELIMITERS}
