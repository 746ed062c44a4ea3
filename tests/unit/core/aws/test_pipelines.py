from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from sonoflow.aws import pipelines


def test_results_come_in_the_order_of_the_items() -> None:
    def work(item: int) -> int:
        time.sleep(0.003 * (item % 3 == 0))
        return item * item

    assert list(pipelines.in_order(work, range(50), 4)) == [item * item for item in range(50)]


def test_several_are_worked_on_at_once() -> None:
    meeting = threading.Barrier(3, timeout=10)

    assert list(pipelines.in_order(lambda _: meeting.wait() >= 0, range(6), 3)) == [True] * 6


def test_no_more_items_are_drawn_than_are_worked_on_and_one() -> None:
    drawn: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            drawn.append(item)
            yield item

    with contextlib.closing(pipelines.in_order(str, items(), 3)) as results:
        assert next(results) == "0"
        assert drawn == [0, 1, 2, 3]


def test_an_error_ends_it_and_what_was_not_drawn_never_is() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            raise ValueError("the second")
        return item

    results = pipelines.in_order(work, range(100), 1)

    assert next(results) == 0
    with pytest.raises(ValueError, match="the second"):
        list(results)
    assert begun in ([0, 1], [0, 1, 2])
