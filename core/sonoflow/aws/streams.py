"""Streams: worked on by several threads, results in order; a large object as a stream."""

from __future__ import annotations

import collections
import concurrent.futures
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from sonoflow.aws.ranged import Source

CHUNK_BYTES = 8 * 1024 * 1024
CHUNKS_AHEAD = 2

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], at_once: int
) -> Generator[Result, None, None]:
    """The result of every item. Items are drawn as they are needed: no more than `at_once` are
    worked on, and one more waits.

    The first error is raised in its turn; what was not drawn by then never is.
    """
    with concurrent.futures.ThreadPoolExecutor(max_workers=at_once) as pool:
        waiting: collections.deque[concurrent.futures.Future[Result]] = collections.deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def chunks(source: Source, chunk_bytes: int = CHUNK_BYTES) -> Generator[bytes, None, None]:
    """The bytes of an object in order, read ahead while what came is worked on.

    At most CHUNKS_AHEAD chunks wait beside the one that is in use.
    """

    def read(offset: int) -> bytes:
        return source.read_at(offset, min(chunk_bytes, source.size - offset))

    return in_order(read, range(0, source.size, chunk_bytes), CHUNKS_AHEAD)
