from __future__ import annotations

from sonoflow.bulk.items import Batch, Item
from sonoflow.bulk.parts import Part
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
