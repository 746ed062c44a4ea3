"""Whom the runtime's listeners answer: programs of this machine, and no page of a browser.

Any page may send requests to 127.0.0.1, under this name or under one of its own that it has
meanwhile pointed here (DNS rebinding). A browser says so in headers that a page cannot set: `Host`,
`Origin` and `Sec-Fetch-Site`. AWS's clients send the first alone.

Nothing here imports the rest of the runtime: the processes that serve models load it too.
"""

from __future__ import annotations

import dataclasses
import http
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, ClassVar

# The names that lead to this machine and nowhere else. Names below `localhost` are among them by
# RFC 6761 (section 6.3), which SDKs rely on: they put a bucket's name before the host's. Nobody
# can own one, so none can be rebound; `bucket.127.0.0.1` in turn leads nowhere at all.
_OWN_HOST = re.compile(
    r"(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9_-]+\.)*localhost)(?::([0-9]{1,5}))?", re.ASCII
)
_HTTP_PORT = 80  # what a Host without a port means
# `none`: a person typed the address, or opened a link from outside the browser.
_OWN_SITES = ("same-origin", "none")
_CORS = "access-control-"
# An object that is shown in a browser would be of one origin with the whole runtime: in a sandbox
# it runs no script.
_SANDBOX = ("Content-Security-Policy", "sandbox")

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Asgi = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A WSGI application that says no, and why."""

    status: http.HTTPStatus
    sentence: str
    content_type: ClassVar[str] = "text/plain; charset=utf-8"

    @property
    def body(self) -> bytes:
        return f"{self.sentence}\n".encode()

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))]

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(f"{self.status.value} {self.status.phrase}", self.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


def refusal(port: int, target: str, header: Callable[[str], str | None]) -> Refusal | None:
    """Why a request is not answered, or None.

    `target` is the request line's, `header` gives a header's value by its lower-case name, with the
    values of repeated ones joined by commas (which makes none of them right).
    """
    host = (header("host") or "").lower()
    found = _OWN_HOST.fullmatch(host)
    if not target.startswith("/") or found is None or int(found[1] or _HTTP_PORT) != port:
        # Misdirected Request (RFC 9110, 15.5.20): asked for what this server is not. 403 would say
        # that the name is right and the caller is not.
        named = repr(host) if target.startswith("/") else repr(target)
        return Refusal(
            http.HTTPStatus.MISDIRECTED_REQUEST,
            f"This is Sonoflow's laptop runtime at 127.0.0.1:{port}; it does not answer for "
            f"{named}.",
        )
    origin, site = header("origin"), header("sec-fetch-site")
    if origin not in (None, f"http://{host}") or site not in (None, *_OWN_SITES):
        return Refusal(
            http.HTTPStatus.FORBIDDEN,
            "Sonoflow's laptop runtime answers no web page of another origin "
            f"(Origin: {origin}, Sec-Fetch-Site: {site}).",
        )
    return None


class WsgiDoor:
    """A WSGI application behind the door. Whoever gets in gets no CORS headers either."""

    def __init__(self, application: Wsgi, port: int) -> None:
        self._application, self._port = application, port

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        def header(name: str) -> str | None:
            value: str | None = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
            return value

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            kept = [each for each in headers if not each[0].lower().startswith(_CORS)]
            return start_response(status, [*kept, _SANDBOX], *error)

        refused = refusal(self._port, environ["REQUEST_URI"], header)
        return (refused or self._application)(environ, start)


class AsgiDoor:
    """An ASGI application behind the door; its port is the one that its server listens on."""

    def __init__(self, application: Asgi) -> None:
        self._application = application

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        def header(name: str) -> str | None:
            found = [value for key, value in scope["headers"] if key == name.encode()]
            return b",".join(found).decode("latin-1") if found else None

        refused = None
        if scope["type"] != "lifespan":  # which is no request
            refused = refusal(scope["server"][1], scope["path"], header)
        if refused is None:
            return await self._application(scope, receive, send)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        headers = [(name.encode(), value.encode()) for name, value in refused.headers]
        await send(
            {"type": "http.response.start", "status": refused.status.value, "headers": headers}
        )
        await send({"type": "http.response.body", "body": refused.body})
