"""Events of one inbox table that meet: the newest version's scores, whole and alone."""

from __future__ import annotations

from typing import Any

import pytest

from sonoflow.aws.clients import client
from tests.unit import stack
from tests.unit.inbox_answers import (
    NONE_FAILED,
    TABLES,
    TELLING,
    Starter,
    assert_scored,
    forget,
    requests_of,
    table,
    work,
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("older_kind", "newer_kind"),
    [("good", "partly"), ("partly", "good"), ("good", "rejected"), ("rejected", "good")],
)
@pytest.mark.parametrize("first", ["older", "newer"])
def test_the_newest_version_of_a_table_is_scored_wherever_one_breaks_into_the_other(
    context: Any, start: Starter, older_kind: str, newer_kind: str, first: str
) -> None:
    older = table(TABLES[older_kind], 1)
    newer = table(TABLES[newer_kind].replace(b"a1", b"n1"), 2)
    one, other = (older, newer) if first == "older" else (newer, older)

    for steps in range(requests_of(start, one, context) + 1):
        interrupted = start(work(one, context))
        interrupted.steps(steps)
        assert start(work(other, context)).finish() == NONE_FAILED
        assert interrupted.finish() == NONE_FAILED

        assert_scored(newer, newer_kind)
        forget()


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_that_is_deleted_meanwhile_leaves_no_scores(
    context: Any, start: Starter, kind: str
) -> None:
    steps = requests_of(start, table(TABLES[kind], 1), context) - TELLING[kind]
    for number in range(steps):
        batch = table(TABLES[kind], number + 2)
        delivery = start(work(batch, context))
        delivery.steps(number)
        client("s3").delete_object(Bucket=stack.UPLOADS, Key="inbox/ward3/rows (1).csv")
        assert delivery.finish() == NONE_FAILED

        assert stack.keys_of(stack.RESULTS) == []
