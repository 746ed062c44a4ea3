"""Columns that keep the books of a table and measure nothing: numbers of patients, folds, sites,
days. They are known by their names together with what they hold, and days by that alone."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.tables import identifiers
from sonoflow.tables.known import plain

BOOKKEEPING = "keeps the books"
_NUMBER = "(no|nr|num|number|nummer|id|code|key|idx|name)"
# Whoever several rows may be of.
_WHO = "(patient|pat|subject|subj|person|participant|proband|client|case|fall|animal)"
_PERSON = re.compile(rf"(.*_)?{_WHO}(_?{_NUMBER})?|pid|mrn|ssn|.*_mrn")
_WHAT = (
    "(study|sample|record|exam|examination|lesion|image|scan|visit|slide|specimen|accession"
    "|series|row|line|lab|biopsy|serial)"
)
_WHERE = (
    "(hospital|site|centre|center|clinic|institution|institute|scanner|device|machine|operator"
    "|reader|rater|observer|annotator|technician|physician|doctor|radiologist|batch|cohort)"
)
_BOOKS = re.compile(
    rf"{_WHAT}_?{_NUMBER}|{_WHERE}(_?{_NUMBER})?|((cv|k|test|val|outer|inner)_?)?folds?"
    rf"(_?{_NUMBER})?|no|nr|nummer|#|lfd_?nr|index|level_0|row|unnamed:.*"
    r"|zip(_?code)?|plz|postcode|postal_code"
)
_DATE = re.compile(r"(.*_)?(date|datetime|timestamp|dob|fecha)(_.*)?|.*datum")
_WHOLE = re.compile(r"[+-]?\d+([.,]0*)?")
_PART = re.compile(r"[+-]?\d*[.,]\d*[1-9]\d*([eE][+-]?\d+)?")
_ROWS = 10  # fewer tell nothing of a column
_LISTED = 20


def found(
    names: Sequence[str], rows: Sequence[Sequence[str]], missing: Collection[str]
) -> dict[str, str]:
    """Columns of a sample that keep the books, and so are no features."""
    return {
        name: BOOKKEEPING
        for at, name in enumerate(names)
        if len(cells := _held(rows, at, missing)) >= _ROWS and _keeps(_plain(name), cells)
    }


def _plain(name: str) -> str:
    return plain(name).strip("_")


def _held(rows: Sequence[Sequence[str]], at: int, missing: Collection[str]) -> list[str]:
    return [row[at] for row in rows if len(row) > at and row[at] not in missing]


def _keeps(name: str, cells: Sequence[str]) -> bool:
    if _DATE.fullmatch(name) or all(map(identifiers.is_day, cells)):
        return True
    if _BOOKS.fullmatch(name):
        return all(map(_WHOLE.fullmatch, cells))
    # A case may be one of 0 and 1, beside controls.
    return bool(_PERSON.fullmatch(name)) and len(set(cells)) > 2 and not _measured(cells)


def _measured(cells: Sequence[str]) -> bool:
    return any(map(_PART.fullmatch, cells))


def check_together(
    names: Sequence[str],
    columns: Collection[int],
    rows: Sequence[Sequence[str]],
    missing: Collection[str],
) -> None:
    """Raises DatasetRefused (rows-belong-together) where one of the `columns` names patients, say,
    each in several rows of a sample: some of these would train and others measure."""
    for at in columns:
        cells, name = _held(rows, at, missing), _plain(names[at])
        distinct = len(set(cells))
        several = len(cells) >= _ROWS and distinct > 2 and 10 * distinct < 9 * len(cells)
        if several and _PERSON.fullmatch(name) and not _measured(cells):
            one = json.dumps({"id": names[at]}, ensure_ascii=False)
            all_of_them = json.dumps({"ignore": [names[at]]}, ensure_ascii=False)
            detail = (
                f"column {names[at]!r} names {distinct} in the first {len(cells)} rows: of"
                f" one patient, rows would train and others measure. {one} keeps the first row of"
                f" each; if all rows are of different ones, write {all_of_them}"
            )
            raise DatasetRefused("rows-belong-together", detail)


def told(names: Sequence[str]) -> list[Assumption]:
    """Of columns that are passed over because they keep the books."""
    if not names:
        return []
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    listed = ", ".join(map(repr, names[:_LISTED])) + more
    detail = (
        f"columns that number patients, folds or places, or hold days, are no features: {listed}"
    )
    settle = json.dumps({"features": [*names[:3], "…"]}, ensure_ascii=False)
    return [Assumption("bookkeeping-columns", detail, settle)]
