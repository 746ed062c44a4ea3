"""Ids that are none any more: what a spreadsheet made of them, or measures in their place."""

from __future__ import annotations

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


def altered(ids: Sequence[str]) -> str:
    """A sentence, if a tenth of the ids is what a spreadsheet has made of them; else nothing."""
    for pattern, what in _ALTERED:
        found = sum(pattern.fullmatch(one) is not None for one in ids)
        if found and 10 * found >= len(ids):
            return f"{found} of the first {len(ids)} ids are {what}, as spreadsheets save them"
    return ""


def none(ids: Sequence[str]) -> str:
    """What they are, if they are no ids: measures or labels; else nothing."""
    parted = sum(is_number(one) and not float(one).is_integer() for one in ids)
    if 2 * parted > len(ids):
        return "numbers with a fraction"
    labels = len(ids) > _FEW and all(map(codings.is_known, set(ids)))
    return "labels" if labels else ""
