"""Deliveries that take turns: each stops before every request to S3 until it is told to go on.

So every order in which the requests of several functions can reach S3 can be forced, and a function
can be killed between any two of them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from sonoflow.aws.clients import client

_HOOK = "before-call.s3"
_SECONDS = 30.0


class Killed(BaseException):
    """What a killed function does no more: anything that S3 would see."""


class Delivery:
    """Some work of its own thread, one request to S3 at a time."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._killed = False
        self.ended = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.requests = 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def step(self) -> bool:
        """Lets one request through, and what follows it up to the next one. Whether it goes on."""
        if not self.ended:
            self._go.release()
            assert self._stopped.acquire(timeout=_SECONDS), "the delivery hangs"
        return not self.ended

    def steps(self, number: int) -> bool:
        return all([self.step() for _ in range(number)])

    def finish(self) -> Any:
        """Lets it run to its end and gives what the work gave, or raises what it raised."""
        while self.step():
            pass
        if self.error is not None:
            raise self.error
        return self.result

    def kill(self) -> None:
        self._killed = True
        while self.step():
            pass

    def pause(self) -> None:
        """In its own thread, before a request."""
        self._stopped.release()
        self._go.acquire()
        if self._killed:
            raise Killed
        self.requests += 1

    def _run(self) -> None:
        self._go.acquire()
        try:
            self.result = self._work()
        except BaseException as error:
            self.error = error
        self.ended = True
        self._stopped.release()


@contextlib.contextmanager
def taking_turns() -> Iterator[Callable[[Callable[[], Any]], Delivery]]:
    """Gives what starts a delivery. What other threads send is not held up."""
    known: dict[threading.Thread, Delivery] = {}

    def pause(**_: Any) -> None:
        delivery = known.get(threading.current_thread())
        if delivery is not None:
            delivery.pause()

    def start(work: Callable[[], Any]) -> Delivery:
        delivery = Delivery(work)
        known[delivery.thread] = delivery
        delivery.step()  # up to its first request
        return delivery

    client("s3").meta.events.register(_HOOK, pause)
    try:
        yield start
    finally:
        client("s3").meta.events.unregister(_HOOK, pause)
        for delivery in known.values():
            delivery.kill()
