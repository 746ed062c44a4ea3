"""The Lambda Runtime API: the loopback server that `awslambdaric` processes poll for work.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import dataclasses
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Literal

from local.runtime.doorkeeper import refusal


@dataclasses.dataclass(frozen=True)
class Invocation:
    """What a worker is asked to do."""

    request_id: str
    payload: bytes
    function_arn: str
    deadline: float  # seconds since the epoch
    trace: str


@dataclasses.dataclass(frozen=True)
class Ending:
    """What came back: a response, the handler's or the initialisation's error, the end of the
    process (`body` holds how it ended), nothing within `seconds`, or more than the function's
    memory or its /tmp holds."""

    kind: Literal["response", "error", "init-error", "exit", "timeout", "memory", "storage"]
    body: bytes
    request_id: str = ""
    seconds: float = 0.0


class RuntimeApi:
    """The API of one worker: invocations go in, outcomes come out.

    A server each, not a path prefix each: `awslambdaric` reports initialisation errors through
    http.client, which takes AWS_LAMBDA_RUNTIME_API for host and port and nothing more.
    """

    def __init__(self) -> None:
        self.ready = threading.Event()  # the worker asked for its first invocation
        self.invocations: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self.outcomes: queue.SimpleQueue[Ending] = queue.SimpleQueue()
        handler = type("_BoundHandler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 2.0},  # how soon shutdown() is noticed; nothing else
            name="lambda-runtime-api",
            daemon=True,
        ).start()

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API holds."""
        return f"127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop serving; the request that waits for the next invocation ends."""
        self.invocations.put(None)
        threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise each small answer waits 40 ms for an ACK
    wbufsize = -1
    api: ClassVar[RuntimeApi]

    def do_GET(self) -> None:
        if self._refused():
            return None
        if not self.path.endswith("/runtime/invocation/next"):
            return self._answer(404)
        self.api.ready.set()
        invocation = self.api.invocations.get()
        if invocation is None:  # the worker is being ended
            return self._answer(410)
        self._answer(
            200,
            invocation.payload,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": invocation.trace,
            },
        )

    def do_POST(self) -> None:
        body = self._body()
        if self._refused():
            return None
        *_, subject, action = self.path.split("/")
        if (subject, action) == ("init", "error"):
            self.api.outcomes.put(Ending("init-error", body))
        elif action == "response":
            self.api.outcomes.put(Ending("response", body, subject))
        elif action == "error":
            self.api.outcomes.put(Ending("error", body, subject))
        else:
            return self._answer(404)
        self._answer(202, b'{"status":"OK"}')

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: every invocation would print two lines."""

    def _refused(self) -> bool:
        """A page that asked for the next invocation would take it from its worker."""

        def header(name: str) -> str | None:
            found = self.headers.get_all(name)
            return ",".join(found) if found else None

        refused = refusal(self.api.port, self.path, header)
        if refused is not None:
            self.close_connection = True  # what follows may be its body, unread
            self._answer(refused.status, refused.body, {"Content-Type": refused.content_type})
        return refused is not None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
