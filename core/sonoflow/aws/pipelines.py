"""Work on a stream by several threads, results in the stream's order."""

from __future__ import annotations

import collections
import concurrent.futures
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

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
