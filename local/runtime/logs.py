"""Log streams: what functions and jobs print, in CloudWatch Logs, batched as an agent would."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.runtime.runtime_log import say

FLUSH_SECONDS = 0.2
_BATCH_EVENTS = 1000  # PutLogEvents takes 10,000 events or 1 MB
_BATCH_BYTES = 900_000
_EVENT_BYTES = 250_000
_EVENT_OVERHEAD = 26  # bytes that PutLogEvents counts on top of each message

_streams: weakref.WeakSet[LogStream] = weakref.WeakSet()
_streams_lock = threading.Lock()
_flusher: threading.Thread | None = None


class LogStream:
    """One stream of one log group.

    `write` never waits for the network: a thread sends what is pending every FLUSH_SECONDS.
    Call `flush` before dropping the last reference.
    """

    def __init__(self, client: Any, group: str, stream: str) -> None:
        """`client` is one of CloudWatch Logs', of the role that writes."""
        self.group, self.stream = group, stream
        self._client = client
        self._pending: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._sending = threading.Lock()  # keeps batches in order
        self._created = False
        _flush_in_background(self)

    def write(self, line: str, timestamp: float | None = None) -> None:
        """Add one log event; `timestamp` in seconds, now by default."""
        encoded = line.encode("utf-8", "replace")
        if not encoded:
            line = " "  # CloudWatch Logs refuses empty messages
        elif len(encoded) > _EVENT_BYTES:
            line = encoded[:_EVENT_BYTES].decode("utf-8", "ignore")
        moment = int((time.time() if timestamp is None else timestamp) * 1000)
        with self._lock:
            self._pending.append({"timestamp": moment, "message": line})

    def flush(self) -> None:
        """Send what is pending, in batches, each in order of time."""
        with self._sending:
            with self._lock:
                pending, self._pending = self._pending, []
            if not pending:
                return
            self._create()
            for batch in _batches(pending):
                self._client.put_log_events(
                    logGroupName=self.group, logStreamName=self.stream, logEvents=batch
                )

    def _create(self) -> None:
        if self._created:
            return
        errors = self._client.exceptions
        with contextlib.suppress(errors.ResourceAlreadyExistsException):
            try:
                self._create_stream()
            except errors.ResourceNotFoundException:  # who may not make groups may have one
                with contextlib.suppress(errors.ResourceAlreadyExistsException):
                    self._client.create_log_group(logGroupName=self.group)
                self._create_stream()
        self._created = True

    def _create_stream(self) -> None:
        self._client.create_log_stream(logGroupName=self.group, logStreamName=self.stream)


def _batches(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    batches: list[list[dict[str, Any]]] = [[]]
    size = 0
    for event in sorted(events, key=lambda event: int(event["timestamp"])):
        bytes_ = len(event["message"].encode()) + _EVENT_OVERHEAD
        if batches[-1] and (size + bytes_ > _BATCH_BYTES or len(batches[-1]) >= _BATCH_EVENTS):
            batches.append([])
            size = 0
        batches[-1].append(event)
        size += bytes_
    return batches


def _flush_in_background(stream: LogStream) -> None:
    global _flusher
    with _streams_lock:
        _streams.add(stream)
        if _flusher is None:
            _flusher = threading.Thread(target=_flush_forever, name="log-flusher", daemon=True)
            _flusher.start()


def _flush_forever() -> None:
    while True:
        time.sleep(FLUSH_SECONDS)
        with _streams_lock:
            streams = list(_streams)
        for stream in streams:
            try:
                stream.flush()
            except (ClientError, BotoCoreError) as error:  # as on AWS: a lost log stops nobody
                say(f"log events of {stream.group} were lost: {error}")
