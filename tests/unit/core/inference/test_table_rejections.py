from __future__ import annotations

import datetime

import pytest

from sonoflow.aws.uploads import Upload
from sonoflow.errors import TableRejected
from sonoflow.inference import table_rejections
from sonoflow.inference.table_rejections import Tally
from sonoflow.tables.rows import BadRow
from tests.unit.tables import KEY

UPLOAD = Upload("uploads", KEY, "v1", 80, "0055AED6DCD90281E5")


def bad(line: int, reason: str = "missing-value") -> BadRow:
    return BadRow(line, reason, "column 'radius' holds no value")


def test_rows_are_counted_as_they_come() -> None:
    tally = Tally()
    tally.count(7, [bad(2), bad(4, "not-a-number")])
    tally.count(0, [bad(10)])
    tally.count(5, [])

    assert (tally.rows, tally.bad_rows) == (12, 3)
    assert tally.reasons == {"missing-value": 2, "not-a-number": 1}
    assert [row.line for row in tally.listed] == [2, 4, 10]


def test_all_bad_rows_are_counted_and_the_first_of_them_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table_rejections, "LISTED_LIMIT", 5)
    tally = Tally()
    for first in range(2, 32, 3):
        tally.count(1, [bad(line) for line in range(first, first + 3)])

    document = table_rejections.document(UPLOAD, tally)

    assert document["bad_rows"] == 30
    assert [row["line"] for row in document["listed"]] == [2, 3, 4, 5, 6]


def test_a_document_says_which_rows_have_no_score_and_why() -> None:
    tally = Tally()
    tally.count(2, [bad(3, "not-a-number"), bad(5)])

    document = table_rejections.document(UPLOAD, tally)

    written = datetime.datetime.fromisoformat(document.pop("time"))
    assert written.tzinfo is not None
    assert document == {
        "schema_version": 2,
        "notice": "research use only",
        "table": UPLOAD.facts(),
        "rows": 2,
        "bad_rows": 2,
        "reasons": {"missing-value": 1, "not-a-number": 1},
        "listed": [bad(3, "not-a-number").document(), bad(5).document()],
        "sequencer": UPLOAD.sequencer,
    }
    assert list(document["reasons"]) == ["missing-value", "not-a-number"]  # by name


def test_of_a_table_that_is_rejected_as_a_whole_nothing_is_scored() -> None:
    tally = Tally()
    tally.count(4, [bad(3)])
    tally.reject(TableRejected("no-usable-rows", "all are bad"))

    document = table_rejections.document(UPLOAD, tally)

    assert (document["reason"], document["detail"]) == ("no-usable-rows", "all are bad")
    assert (document["rows"], document["bad_rows"]) == (0, 1)
