"""Numbers as people and spreadsheets write them: with a decimal comma, with marks for thousands.

How a file's numbers are meant is found out from all cells of a sample together. A cell that then is
written otherwise is no number: `1.326` may be 1326 to one program and 1.326 to the next.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
from collections.abc import Iterable

DECIMALS = (".", ",")
THOUSANDS = ("", ".", ",", "'", " ")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MARKED = 3  # cells
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"})


def is_number(cell: str) -> bool:
    """Whether the stripped cell is a decimal number, with or without exponent."""
    return _NUMBER.fullmatch(cell) is not None


@dataclasses.dataclass(frozen=True)
class Notation:
    decimal: str = "."
    thousands: str = ""  # what groups of three digits are parted by, if they are

    @property
    def usual(self) -> bool:
        return self == USUAL

    def read(self, cell: str) -> str:
        """The stripped cell as programs write the number; what is none, as it is or as nothing."""
        if self.usual:
            return cell
        if self.thousands and _grouped(self).fullmatch(cell := cell.translate(_SPACES)):
            cell = cell.replace(self.thousands, "")
        elif self.decimal == "," and "." in cell:
            return ""
        return cell.replace(",", ".") if self.decimal == "," else cell

    def is_number(self, cell: str) -> bool:
        return is_number(self.read(cell))


USUAL = Notation()


@functools.cache
def _grouped(notation: Notation) -> re.Pattern[str]:
    mark, point = re.escape(notation.thousands), re.escape(notation.decimal)
    return re.compile(rf"[+-]?[1-9]\d{{0,2}}({mark}\d{{3}})+({point}\d*)?([eE][+-]?\d+)?", re.ASCII)


# What a cell can only be, and what it may be.
_KINDS = {
    "whole": r"[+-]?\d+",
    "comma or thousands": r"[+-]?[1-9]\d{0,2},\d{3}",
    "point or thousands": r"[+-]?[1-9]\d{0,2}\.\d{3}",
    "comma": r"[+-]?\d*,\d+([eE][+-]?\d+)?",
    "point": r"[+-]?\d*\.\d+([eE][+-]?\d+)?",
    "commas": r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?",
    "points": r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?",
    "apostrophes": r"[+-]?[1-9]\d{0,2}('\d{3})+([.,]\d+)?",
    "spaces": r"[+-]?[1-9]\d{0,2}( \d{3})+([.,]\d+)?",
}
_COMPILED = {kind: re.compile(pattern, re.ASCII) for kind, pattern in _KINDS.items()}


def _kind(cell: str) -> str:
    return next((kind for kind, known in _COMPILED.items() if known.fullmatch(cell)), "")


@dataclasses.dataclass(frozen=True)
class Found:
    """What a sample says of the notation, and what was taken for true by that."""

    notation: Notation
    unclear: str = ""  # a sentence, where the sample does not decide
    settle: str = ""  # what a mapping may say then, in JSON
    assumed: str = ""  # a sentence, where it does not quite
    differs: bool = False  # not clear because columns are written in several notations


def find(columns: Iterable[Iterable[str]]) -> Found:
    """From the stripped cells of each column of a sample."""
    kinds = [collections.Counter(_kind(c.translate(_SPACES)) for c in column) for column in columns]
    count = sum(kinds, collections.Counter())
    if _most(kinds, "comma") and _most(kinds, "point"):
        told = "some columns have decimal commas and others decimal points"
        settle = '{"decimal": ","} or {"decimal": "."}, and pass over the others with "ignore"'
        return Found(USUAL, told, settle, differs=True)
    comma = count["comma"] + count["points"] > count["point"] + count["commas"]
    if comma:
        return _with_commas(count)
    if count["commas"]:
        return Found(Notation(".", ","))
    if count["comma or thousands"] and count["point"]:
        told = "numbers such as 1,326 are read as 1326: the comma parts thousands"
        return Found(Notation(".", ","), assumed=told)
    if count["comma or thousands"]:
        told = "numbers such as 1,326 may be 1326, or 1.326 with a decimal comma"
        return Found(USUAL, told, '{"thousands": ","} or {"decimal": ","}')
    if any(map(_mixed, kinds)):
        told = "a column holds whole numbers and such as 1.326, which may be 1326 or 1.326"
        decimal = '{"decimal": "."}'
        if count["point"]:  # which cannot mean both
            return Found(USUAL, told, f"{decimal}, or export it without marks for thousands")
        return Found(USUAL, told, f'{{"thousands": "."}} or {decimal}')
    return Found(Notation(".", _other_mark(count)))


def _most(kinds: Iterable[collections.Counter[str]], kind: str) -> bool:
    """Whether most cells of some column are of that kind."""
    return any(2 * counter[kind] > counter.total() for counter in kinds)


def _with_commas(count: collections.Counter[str]) -> Found:
    if other := _other_mark(count):
        return Found(Notation(",", other))
    if count["points"]:
        return Found(Notation(",", "."))
    if count["point or thousands"]:
        told = "numbers have a decimal comma, and such as 1.326 are read as 1326"
        return Found(Notation(",", "."), assumed=told)
    return Found(Notation(",", ""))


def _other_mark(count: collections.Counter[str]) -> str:
    """Of thousands; a cell or two may have it by mistake."""
    marks = {"'": count["apostrophes"], " ": count["spaces"]}
    mark = max(marks, key=marks.__getitem__)
    return mark if marks[mark] >= _MARKED else ""


def _mixed(kinds: collections.Counter[str]) -> bool:
    """Whether a column's points part thousands, as far as one can see: each is followed by three
    digits, though where they end in 0 a decimal would have fewer, and the other numbers are whole,
    which one in a thousand of such decimals would be."""
    grouped, whole = kinds["point or thousands"], kinds["whole"]
    return grouped >= 5 and not kinds["point"] and 20 * whole > grouped
