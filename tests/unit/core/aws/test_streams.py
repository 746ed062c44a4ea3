from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from sonoflow.aws import streams


def test_results_come_in_the_order_of_the_items() -> None:
    def work(item: int) -> int:
        time.sleep(0.003 * (item % 3 == 0))
        return item * item

    assert list(streams.in_order(work, range(50), 4)) == [item * item for item in range(50)]


def test_several_are_worked_on_at_once() -> None:
    meeting = threading.Barrier(3, timeout=10)

    assert list(streams.in_order(lambda _: meeting.wait() >= 0, range(6), 3)) == [True] * 6


def test_no_more_items_are_drawn_than_are_worked_on_and_one() -> None:
    drawn: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            drawn.append(item)
            yield item

    with contextlib.closing(streams.in_order(str, items(), 3)) as results:
        assert next(results) == "0"
        assert drawn == [0, 1, 2, 3]


def test_an_error_ends_it_and_what_was_not_drawn_never_is() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            raise ValueError("the second")
        return item

    results = streams.in_order(work, range(100), 1)

    assert next(results) == 0
    with pytest.raises(ValueError, match="the second"):
        list(results)
    assert begun in ([0, 1], [0, 1, 2])


class Recorded:
    """A source that counts what was asked of it and not yet used."""

    def __init__(self, data: bytes, broken_at: int | None = None) -> None:
        self.data, self.broken_at = data, broken_at
        self.asked = 0
        self.lock = threading.Lock()

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        with self.lock:
            self.asked += 1
        if offset == self.broken_at:
            raise OSError("the connection broke")
        return self.data[offset : offset + length]


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 95])
def test_all_bytes_come_in_order(size: int) -> None:
    data = bytes(range(size))

    assert b"".join(streams.chunks(Recorded(data), 10)) == data


def test_little_is_read_before_it_is_wanted() -> None:
    source = Recorded(bytes(1000))
    chunks = streams.chunks(source, 10)

    next(chunks)
    chunks.close()

    assert source.asked <= streams.CHUNKS_AHEAD + 1


def test_an_error_reaches_the_reader() -> None:
    chunks = streams.chunks(Recorded(bytes(100), broken_at=20), 10)

    assert next(chunks) == next(chunks) == bytes(10)
    with pytest.raises(OSError, match="broke"):
        next(chunks)
