"""Requests to the runtime, seen and held back by whoever looks at how they interleave."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from werkzeug.wrappers import Response

_UNAVAILABLE = b'{"__type": "ServiceUnavailable", "message": "refused"}'
_CREDENTIAL = re.compile(r"Credential=([^/]+)/")


@dataclasses.dataclass(frozen=True)
class Call:
    """One request: which operation, with whose credentials."""

    operation: str
    access_key: str


class Refused(Exception):
    """The call's answer is a 503: instead of being served, or after it was."""


Listener = Callable[[Call], None]


class HeldRequests:
    """WSGI middleware: `before` and `after` are told of every call, may take their time, and may
    raise Refused."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._before: Listener | None = None
        self._after: Listener | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        before, after = self._before, self._after
        response = self._application
        if before is not None or after is not None:
            call = Call(_operation(environ), _access_key(environ))
            try:
                if before is not None:
                    before(call)
                response = Response.from_app(self._application, environ, buffered=True)
                if after is not None:
                    after(call)
            except Refused:
                response = Response(_UNAVAILABLE, 503, {"x-amzn-RequestId": "refused"})
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    @contextlib.contextmanager
    def watched(
        self, before: Listener | None = None, after: Listener | None = None
    ) -> Iterator[None]:
        self._before, self._after = before, after
        try:
            yield
        finally:
            self._before = self._after = None


class Hold:
    """A listener that holds one caller's n-th call of an operation until it is let go."""

    def __init__(self, access_key: str, operation: str, nth: int = 1) -> None:
        self._call, self._left = Call(operation, access_key), nth
        self._lock = threading.Lock()
        self.reached, self.go = threading.Event(), threading.Event()
        self.refuse = False

    def __call__(self, call: Call) -> None:
        if call != self._call:
            return
        with self._lock:
            self._left -= 1
            held = self._left == 0
        if held:
            self.reached.set()
            self.go.wait(120)
            if self.refuse:
                raise Refused


def _operation(environ: dict[str, Any]) -> str:
    if environ.get("PATH_INFO", "").endswith("/invocations"):
        return "InvokeEndpoint"
    return str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]


def _access_key(environ: dict[str, Any]) -> str:
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found.group(1) if found else ""
