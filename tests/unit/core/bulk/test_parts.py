from __future__ import annotations

from typing import Any

import pytest

from sonoflow.bulk.items import Batch, Item
from sonoflow.bulk.parts import Part, Taken
from sonoflow.bulk.rows import PREDICTED, failed, row
from tests.unit import stack

BATCH = Batch(0, (Item("a", 1), Item("b", 2)))
KEY = "bulk/0/parts/00000.json"


def opened(batch: Batch = BATCH, run: str = "bulk-0") -> Part:
    return Part.open(stack.WORK, KEY, batch, run)


def test_what_was_done_and_what_was_begun_are_known_to_the_next(aws: None) -> None:
    part = opened()
    part.begin("a")
    part.end("a", row("a", PREDICTED, 1))
    part.begin("b")

    after = opened()

    assert after.is_settled("a") and not after.is_settled("b")
    assert after.begun == {"b": 1}


def test_a_failure_is_kept_and_settles_nothing(aws: None) -> None:
    part = opened()
    part.begin("a")
    part.end("a", failed("a", 1, "it failed"))
    part.write()

    assert not opened().is_settled("a")
    assert opened().rows["a"]["detail"] == "it failed"


def test_another_plans_part_is_of_no_use(aws: None) -> None:
    part = opened()
    part.begin("a")
    part.end("a", row("a", PREDICTED, 1))
    part.write()

    assert opened(Batch(0, (Item("a", 1),))).rows == {}


def test_another_execution_begins_to_count_anew(aws: None) -> None:
    opened().begin("a")

    assert opened(run="bulk-0-2").begun == {}


def test_whoever_opens_it_last_holds_it(aws: None) -> None:
    stopped = opened()
    stopped.begin("a")
    stopped.end("a", row("a", PREDICTED, 1))
    stopped.begin("b")

    later = opened(run="bulk-0-2")

    with pytest.raises(Taken):
        stopped.write()
    later.write()
    assert later.tried == {"b"}
    assert later.is_settled("a")


def test_it_is_taken_though_its_holder_writes_at_that_moment(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = opened()
    read, times = Part._read, iter(range(2))

    def meanwhile(*arguments: Any) -> Part:
        found = read(*arguments)
        if next(times, None) is not None:
            stopped.begin("a")
        return found

    monkeypatch.setattr(Part, "_read", meanwhile)

    assert opened(run="bulk-0-2").tried == {"a"}
    with pytest.raises(Taken):
        stopped.begin("b")


def test_a_write_whose_answer_was_lost_is_known_as_its_own(aws: None) -> None:
    """The SDK asks again, with the condition that held before."""
    part = opened()
    before = part.etag
    part.begin("a")
    written, part.etag = part.etag, before

    part.write()

    assert part.etag == written
    opened()
    with pytest.raises(Taken):
        part.write()
