"""Ids that are none any more: what a spreadsheet made of them, or measures in their place."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from sonoflow.tables import codings
from sonoflow.tables.numbers import is_number

_FEW = 4  # ids may be 0 and 1
# Rounded long numbers, what looked like a day, columns that were too narrow.
_ALTERED = (
    (re.compile(r"\d([.,]\d+)?[eE]\+\d+"), "in scientific notation, their digits lost"),
    (re.compile(r"\d{1,2}[-. ]+[A-Z][a-z]{2}|[A-Z][a-z]{2}[-. ]\d{2}"), "turned into days"),
    (re.compile(r"#{2,}|#(NAME\?|REF!|VALUE!|N/A|NUM!|NULL!|DIV/0!)"), "signs of an error"),
)
_DAY = re.compile(r"(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})([ T].*)?|(\d{4})(\d\d)(\d\d)", re.ASCII)
_YEARS = range(1900, 2100)


def altered(ids: Sequence[str]) -> str:
    """A sentence, if a tenth of the ids is what a spreadsheet has made of them; else nothing."""
    for pattern, what in _ALTERED:
        found = sum(pattern.fullmatch(one) is not None for one in ids)
        if found and 10 * found >= len(ids):
            return f"{found} of the first {len(ids)} ids are {what}, as spreadsheets save them"
    # Numbers with hyphens may look like a day by chance, most of them do not.
    days = sum(map(is_day, ids))
    if days and 2 * days > len(ids):
        return f"{days} of the first {len(ids)} ids are days, which several rows may share"
    return ""


def is_day(text: str) -> bool:
    """2021-03-05, 5.3.21, 3/5/2021 8:30, 20210305."""
    if not (found := _DAY.fullmatch(text)):
        return False
    if found[6]:
        orders = [(found[6], found[7], found[8])]
    elif len(found[1]) == 4:
        orders = [(found[1], found[3], found[4])]
    else:
        year = found[4] if len(found[4]) > 2 else f"20{found[4]:0>2}"
        orders = [(year, found[3], found[1]), (year, found[1], found[3])]
    return any(_exists(*map(int, order)) for order in orders)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        return datetime.date(year, month, day).year in _YEARS
    except ValueError:
        return False


def none(ids: Sequence[str]) -> str:
    """What they are, if they are no ids: measures or labels; else nothing."""
    parted = sum(is_number(one) and not float(one).is_integer() for one in ids)
    if 2 * parted > len(ids):
        return "numbers with a fraction"
    labels = len(ids) > _FEW and all(map(codings.is_known, set(ids)))
    return "labels" if labels else ""
