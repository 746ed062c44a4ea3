"""Asynchronous invocations: accepted at once, retried, and on failure sent where the function says.

On AWS a failed event is retried after one minute and again after two; here after one second and
two. Throttled events are retried until they are too old.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from local.lambdas.function import Function
from local.lambdas.pool import Pool, Throttled
from local.lambdas.worker import Result
from local.runtime import Runtime

RETRY_SECONDS = (1.0, 2.0)
_THROTTLED_SECONDS = 0.5
_MAXIMUM_AGE = 21_600  # seconds
_THREADS = 32


@dataclasses.dataclass
class _Event:
    record: Any  # moto's LambdaFunction: its configuration may change between attempts
    payload: bytes
    request_id: str
    accepted: float
    attempts: int = 0


class AsyncInvoker:
    """The queue between an Event invocation and its function."""

    def __init__(self, runtime: Runtime, pool: Pool) -> None:
        self._runtime, self._pool = runtime, pool
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="lambda-event")

    def accept(self, record: Any, payload: bytes) -> None:
        event = _Event(record, payload, str(uuid.uuid4()), time.time())
        self._threads.submit(self._attempt, event)

    def _attempt(self, event: _Event) -> None:
        try:
            self._run(event)
        except Exception as error:
            # nobody waits for this thread's answer; the runtime's log is where it can be read
            print(f"asynchronous invocation of {event.record.function_name} was lost: {error!r}")
            raise

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
        timer = threading.Timer(seconds, self._threads.submit, (self._attempt, event))
        timer.daemon = True
        timer.start()

    def _succeed(self, event: _Event, config: dict[str, Any], result: Result) -> None:
        target = _destination(config, "OnSuccess")
        if target:
            self._send(target, _summary(event, "Success", result), {})

    def _give_up(
        self, event: _Event, config: dict[str, Any], condition: str, result: Result | None
    ) -> None:
        name = event.record.function_name
        print(f"asynchronous invocation of {name} failed: {condition} after {event.attempts}")
        target = _destination(config, "OnFailure")
        if target:
            self._send(target, _summary(event, condition, result), {})
        queue = getattr(event.record, "dead_letter_config", {}).get("TargetArn")
        if queue:
            message = "" if result is None else json.loads(result.payload).get("errorMessage", "")
            attributes = {
                "RequestID": event.request_id,
                "ErrorCode": "200",
                "ErrorMessage": message[:1024] or condition,
            }
            self._send(queue, event.payload.decode(), attributes)

    def _send(self, arn: str, body: str, attributes: dict[str, str]) -> None:
        """To SQS, SNS or another function; other destinations are refused when configured."""
        kind = arn.split(":")[2]
        typed = {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()}
        try:
            if kind == "sqs":
                client = self._runtime.client("sqs")
                url = client.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"]
                client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=typed)
            elif kind == "sns":
                client = self._runtime.client("sns")
                client.publish(TopicArn=arn, Message=body, MessageAttributes=typed)
            else:
                client = self._runtime.client("lambda")
                client.invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
        except ClientError as error:
            print(f"destination {arn} did not take a record: {error}")


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
