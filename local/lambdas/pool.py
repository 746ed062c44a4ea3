"""Workers of all functions: warm ones are used again, new ones started, stale ones ended."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict

from local.lambdas.function import Function
from local.lambdas.metrics import LambdaMetrics
from local.lambdas.worker import Result, Worker
from local.runtime.reaper import RuntimeEnds
from local.runtime.runtime import Runtime

# A laptop has no thousand-fold concurrency to give: more callers than this wait their turn,
# which on AWS they would not. Reserved concurrency, below, refuses as AWS does.
WORKERS_PER_FUNCTION = max(4, os.cpu_count() or 1)
_IDLE_SECONDS = 300.0


class Throttled(Exception):
    """The function's reserved concurrency is used up."""


class NotStarted(Exception):
    """No worker could be started, for a reason of this machine's: its disk is full, say, or it has
    no more processes to give."""


class Pool:
    """Runs invocations on workers, one at a time each."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._metrics = LambdaMetrics(runtime)
        self._lock = threading.Condition()
        self._idle: dict[str, list[Worker]] = defaultdict(list)
        self._running: dict[str, int] = defaultdict(int)

    def run(self, function: Function, payload: bytes, reserved: int | None) -> Result:
        """Invoke; raises Throttled when `reserved` invocations are running already, and NotStarted,
        before anything of the function was run."""
        try:
            self._enter(function.arn, reserved)
        except Throttled:
            self._metrics.throttled(function.name)
            raise
        worker = None
        begun = time.monotonic()
        try:
            worker = self._take(function) or self._start(function)
            result = worker.invoke(payload)
        finally:
            self._leave(function.arn, worker)
        milliseconds = (time.monotonic() - begun) * 1000
        self._metrics.invoked(function.name, milliseconds, failed=result.failed)
        return result

    def _start(self, function: Function) -> Worker:
        try:
            return Worker(self._runtime, function)
        except RuntimeEnds:
            raise
        except Exception as error:
            # whatever it was, the caller has to know that nothing ran, and may ask again
            raise NotStarted(f"{function.name} could not be started: {error!r}") from error

    def forget(self, arn: str) -> None:
        """End the idle workers of a function that was deleted."""
        with self._lock:
            stale = self._idle.pop(arn, [])
        for worker in stale:
            worker.kill()

    def _enter(self, arn: str, reserved: int | None) -> None:
        with self._lock:
            if reserved is not None and self._running[arn] >= reserved:
                raise Throttled(arn)
            self._lock.wait_for(lambda: self._running[arn] < WORKERS_PER_FUNCTION)
            self._running[arn] += 1

    def _take(self, function: Function) -> Worker | None:
        """A warm worker that still matches the function's code and configuration."""
        with self._lock:
            idle = self._idle[function.arn]
            fresh = [worker for worker in idle if worker.function == function]
            stale = [worker for worker in idle if worker.function != function]
            self._idle[function.arn] = fresh
            worker = fresh.pop() if fresh else None
        for old in stale:
            old.kill()
        return worker

    def _leave(self, arn: str, worker: Worker | None) -> None:
        oldest = time.monotonic() - _IDLE_SECONDS
        with self._lock:
            self._running[arn] -= 1
            self._lock.notify_all()
            if worker and not worker.dead:
                self._idle[arn].append(worker)
            expired = []
            for name, idle in self._idle.items():
                expired += [each for each in idle if each.idle_since < oldest]
                self._idle[name] = [each for each in idle if each.idle_since >= oldest]
        for each in expired:
            each.kill()
