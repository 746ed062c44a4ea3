"""Calls an ASGI application as a server would, start-up included."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True)
class Call:
    path: str
    body: Sequence[bytes] = ()  # as the chunks in which it arrives
    content_type: str | None = None
    method: str = "POST"


def serve_calls(app: Any, *calls: Call) -> list[Reply]:
    """Starts the application, answers all calls at once, stops it."""
    return asyncio.run(_serve(app, calls))


async def _serve(app: Any, calls: Sequence[Call]) -> list[Reply]:
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan", "state": {}}, received.get, sent.put))
    await received.put({"type": "lifespan.startup"})
    started = await sent.get()
    if started["type"] != "lifespan.startup.complete":
        await asyncio.gather(life, return_exceptions=True)
        raise RuntimeError(started.get("message", "the application did not start"))
    replies = await asyncio.gather(*(_call(app, call) for call in calls))
    await received.put({"type": "lifespan.shutdown"})
    await life
    return replies


async def _call(app: Any, call: Call) -> Reply:
    headers = [] if call.content_type is None else [(b"content-type", call.content_type.encode())]
    scope = {
        "type": "http",
        "method": call.method,
        "path": call.path,
        "raw_path": call.path.encode(),
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "scheme": "http",
    }
    messages: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": chunk, "more_body": True} for chunk in call.body]
        + [{"type": "http.request", "body": b"", "more_body": False}]
    )
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    fields = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(sent[0]["status"], fields, body)
