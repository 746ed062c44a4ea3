"""Asynchronous invocations: accepted at once, retried, and on failure sent where the function says.

On AWS a failed event is retried after one minute and again after two; here after one second and
two. An event that was throttled, or whose worker could not be started, is retried until it is too
old: from one second after the first time, doubling, to five minutes on AWS and 30 seconds here.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import heapq
import itertools
import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from local.iam.credentials import RoleNotFound
from local.iam.role_clients import client_of_role
from local.lambdas.function import Function
from local.lambdas.pool import NotStarted, Pool, Throttled
from local.lambdas.worker import Result
from local.runtime.reaper import RuntimeEnds
from local.runtime.runtime import Runtime
from local.runtime.runtime_log import say

RETRY_SECONDS = (1.0, 2.0)
_THROTTLED_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_MAXIMUM_AGE = 21_600  # seconds
_THREADS = 32


@dataclasses.dataclass
class _Event:
    record: Any  # moto's LambdaFunction: its configuration may change between attempts
    payload: bytes
    request_id: str
    accepted: float
    attempts: int = 0  # of which the function knows
    hindered: int = 0  # times that the event did not come as far as the function
    hindrance: str = ""  # the last time


class AsyncInvoker:
    """The queue between an Event invocation and its function."""

    def __init__(self, runtime: Runtime, pool: Pool) -> None:
        self._runtime, self._pool = runtime, pool
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="lambda-event")
        self._waiting = _Waiting(self._threads)

    def accept(self, record: Any, payload: bytes) -> None:
        event = _Event(record, payload, str(uuid.uuid4()), time.time())
        self._threads.submit(self._attempt, event)

    def _attempt(self, event: _Event) -> None:
        try:
            self._run(event)
        except RuntimeEnds:
            return
        except Exception as error:
            # nobody waits for this thread's answer: an event that is not kept here is lost
            self._hinder(event, error)

    def _hinder(self, event: _Event, error: Exception) -> None:
        event.hindered += 1
        event.hindrance = str(error) if isinstance(error, NotStarted) else repr(error)
        seconds = min(2.0 ** min(event.hindered - 1, 10), _LONGEST_WAIT_SECONDS)
        say(
            f"asynchronous invocation of {event.record.function_name} is kept, and tried again in "
            f"{seconds:.0f} s: {event.hindrance}"
        )
        self._again(event, seconds)

    def _run(self, event: _Event) -> None:
        config = _config(event.record)
        if time.time() - event.accepted > config.get("MaximumEventAgeInSeconds", _MAXIMUM_AGE):
            return self._give_up(event, config, "EventAgeExceeded", None)
        try:
            reserved = event.record.reserved_concurrency
            result = self._pool.run(
                Function.of(event.record),
                event.payload,
                None if reserved is None else int(reserved),
            )
        except Throttled:
            return self._again(event, _THROTTLED_SECONDS)
        event.attempts += 1
        if not result.failed:
            return self._succeed(event, config, result)
        if event.attempts <= config.get("MaximumRetryAttempts", len(RETRY_SECONDS)):
            return self._again(event, RETRY_SECONDS[event.attempts - 1])
        self._give_up(event, config, "RetriesExhausted", result)

    def _again(self, event: _Event, seconds: float) -> None:
        self._waiting.add(time.monotonic() + seconds, self._attempt, event)

    def _succeed(self, event: _Event, config: dict[str, Any], result: Result) -> None:
        target = _destination(config, "OnSuccess")
        if target:
            self._send(event.record.role, target, _summary(event, "Success", result), {})

    def _give_up(
        self, event: _Event, config: dict[str, Any], condition: str, result: Result | None
    ) -> None:
        name = event.record.function_name
        why = f": {event.hindrance}" if event.hindrance and result is None else ""
        say(f"asynchronous invocation of {name} failed: {condition} after {event.attempts}{why}")
        target = _destination(config, "OnFailure")
        if target:
            self._send(event.record.role, target, _summary(event, condition, result), {})
        queue = getattr(event.record, "dead_letter_config", {}).get("TargetArn")
        if queue:
            answer = {} if result is None else json.loads(result.payload)
            message = str(answer.get("errorMessage", "")) if result else event.hindrance
            attributes = {
                "RequestID": event.request_id,
                "ErrorCode": "200" if result else "500",
                "ErrorMessage": message[:1024] or condition,
            }
            self._send(event.record.role, queue, event.payload.decode(), attributes)

    def _send(self, role: str, arn: str, body: str, attributes: dict[str, str]) -> None:
        """To SQS, SNS or another function, with the role of the function; other destinations are
        refused when configured."""
        kind = arn.split(":")[2]
        typed = {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()}
        try:
            client = client_of_role(
                self._runtime, kind, role, "Destinations", "lambda.amazonaws.com"
            )
            if kind == "sqs":
                own = self._runtime.client("sqs")
                url = own.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"]
                client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=typed)
            elif kind == "sns":
                client.publish(TopicArn=arn, Message=body, MessageAttributes=typed)
            else:
                client.invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
        except (ClientError, RoleNotFound) as error:
            say(f"destination {arn} did not take a record: {error}")


class _Waiting:
    """Events that wait for their next attempt, in one thread for all: when a machine is at its end
    it has no thread to give for each."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Callable[[_Event], None], _Event]] = []
        self._numbers = itertools.count()  # of equal moments the first come goes first
        threading.Thread(target=self._run, name="lambda-event-retries", daemon=True).start()

    def add(self, moment: float, attempt: Callable[[_Event], None], event: _Event) -> None:
        """`attempt` the event at that moment of time.monotonic()."""
        with self._changed:
            heapq.heappush(self._heap, (moment, next(self._numbers), attempt, event))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._heap or self._heap[0][0] > time.monotonic():
                    left = self._heap[0][0] - time.monotonic() if self._heap else None
                    self._changed.wait(left)
                _, _, attempt, event = heapq.heappop(self._heap)
            with contextlib.suppress(RuntimeError):  # no new thread: one of the others takes it
                self._threads.submit(attempt, event)


def check_destination(arn: str) -> None:
    """Refuse a destination that this runtime would not deliver to."""
    if arn.split(":")[2:3] not in (["sqs"], ["sns"], ["lambda"]):
        raise ValueError(f"{arn}: the laptop runtime delivers to SQS, SNS and Lambda only")


def _config(record: Any) -> dict[str, Any]:
    configs = record.event_invoke_config
    return dict(configs[-1].config) if configs else {}


def _destination(config: dict[str, Any], outcome: str) -> str | None:
    target = config.get("DestinationConfig", {}).get(outcome, {}).get("Destination")
    return str(target) if target else None


def _summary(event: _Event, condition: str, result: Result | None) -> str:
    """The invocation record that AWS sends to a destination."""
    moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": moment.replace("+00:00", "Z"),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{event.record.function_arn}:{event.record.version}",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload or b"null"),
    }
    if result is not None:
        context = {"statusCode": 200, "executedVersion": str(event.record.version)}
        if result.failed:
            context["functionError"] = "Unhandled"
        record["responseContext"] = context
        record["responsePayload"] = json.loads(result.payload or b"null")
    return json.dumps(record)
