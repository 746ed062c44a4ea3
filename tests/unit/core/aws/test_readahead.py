from __future__ import annotations

import threading

import pytest

from sonoflow.aws import readahead


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

    assert b"".join(readahead.chunks(Recorded(data), 10)) == data


def test_little_is_read_before_it_is_wanted() -> None:
    source = Recorded(bytes(1000))
    chunks = readahead.chunks(source, 10)

    next(chunks)
    chunks.close()  # type: ignore[attr-defined]

    assert source.asked <= readahead.CHUNKS_AHEAD + 1


def test_an_error_reaches_the_reader() -> None:
    chunks = readahead.chunks(Recorded(bytes(100), broken_at=20), 10)

    assert next(chunks) == next(chunks) == bytes(10)
    with pytest.raises(OSError, match="broke"):
        next(chunks)
