"""SQS event source mappings: a poller per mapping, with batches, partial failures and redrive."""

from __future__ import annotations

import contextlib
import functools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import InvalidParameterValueException, UnknownFunctionException
from moto.awslambda.models import LambdaBackend
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Queue, SQSBackend, sqs_backends

from local.iam.authority import Refused, require
from local.iam.conditions import NotKnown
from local.iam.principals import Session
from local.runtime.patch import pristine, replace
from local.runtime.runtime import Runtime
from local.runtime.runtime_log import say
from local.sqs import limits

_WAIT_SECONDS = 0.1  # longest time until a message that became visible again is seen
_THROTTLED_SECONDS = 0.2
_NOT_STARTED_SECONDS = 1.0
_NOT_ALLOWED_SECONDS = 5.0
_DEFAULT_CONCURRENCY = 5  # AWS starts with five pollers
_UNSUPPORTED = ("FilterCriteria", "DestinationConfig", "KMSKeyArn", "ProvisionedPollerConfig")


def install(runtime: Runtime) -> None:
    """Poll queues as AWS does, in place of moto's synchronous delivery."""
    limits.install(runtime)
    _hook_mapping(runtime)
    _hook_locks()


def _hook_mapping(runtime: Runtime) -> None:
    """moto invokes the function within SendMessage, one message at a time, ignores partial
    failures and hands failed messages back at once. AWS polls on its own, in batches."""
    create = pristine(LambdaBackend, "create_event_source_mapping")

    def create_event_source_mapping(self: Any, spec: dict[str, Any]) -> Any:
        if ":sqs:" not in spec.get("EventSourceArn", ""):
            raise InvalidParameterValueException("The laptop runtime polls SQS queues only.")
        refused = [name for name in _UNSUPPORTED if spec.get(name)]
        if refused:
            raise InvalidParameterValueException(
                f"The laptop runtime does not implement {', '.join(refused)} of an SQS mapping."
            )
        _check_as_aws_does(runtime, self, spec)
        mapping = create(self, spec)
        queue = _queue(mapping.event_source_arn)
        queue.lambda_event_source_mappings.pop(mapping.function_arn, None)
        _Poller(runtime, self, mapping, queue).start()
        return mapping

    replace(LambdaBackend, "create_event_source_mapping", lambda _: create_event_source_mapping)


def _hook_locks() -> None:
    """moto replaces a queue's message list without holding its lock, so a message that is sent
    while another is deleted can be lost. Every change holds the lock here."""

    def locked(method: Callable[..., Any], queue_of: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def hold(self: Any, *args: Any, **kwargs: Any) -> Any:
            with queue_of(self, *args, **kwargs)._messages_lock:
                return method(self, *args, **kwargs)

        return hold

    def named(self: Any, queue_name: str, *_: Any, **__: Any) -> Any:
        return self.get_queue(queue_name)

    def itself(self: Any, *_: Any, **__: Any) -> Any:
        return self

    for name in ("receive_message", "purge_queue"):
        replace(SQSBackend, name, lambda original: locked(original, named))
    replace(
        SQSBackend,
        "change_message_visibility",
        lambda original: locked(limits.change_visibility(original), named),
    )
    replace(Queue, "delete_message", lambda original: locked(limits.delete(original), itself))


class _Poller(threading.Thread):
    """Reads one queue for one function, as long as the mapping exists."""

    def __init__(self, runtime: Runtime, backend: Any, mapping: Any, queue: Any) -> None:
        super().__init__(name=f"poller-{mapping.uuid}", daemon=True)
        self._client = runtime.client("lambda")
        self._backend, self._mapping, self._queue = backend, mapping, queue
        self._runtime = runtime
        self._sqs = sqs_backends[queue.account_id][queue.region]
        scaling = mapping.scaling_config or {}
        self._slots = threading.Semaphore(
            int(scaling.get("MaximumConcurrency") or _DEFAULT_CONCURRENCY)
        )

    def run(self) -> None:
        while self._exists():
            if not self._mapping.enabled:
                time.sleep(_WAIT_SECONDS)
                continue
            self._queue.wait_for_messages(_WAIT_SECONDS)
            # a batch is taken only when it can be worked on: its visibility timeout runs
            if self._queue.messages and self._slots.acquire(timeout=_WAIT_SECONDS):
                batch = self._receive()
                if not batch or not self._begin(batch):
                    self._slots.release()

    def _begin(self, batch: list[Any]) -> bool:
        """Whether a thread works on it; else it comes again after its visibility timeout."""
        try:
            threading.Thread(target=self._process, args=(batch,), daemon=True).start()
        except RuntimeError as error:  # no thread can be started at the moment
            say(f"{self._queue.name} could not be delivered: {error}")
            return False
        return True

    def _exists(self) -> bool:
        known = self._backend.get_event_source_mapping(self._mapping.uuid) is self._mapping
        return known and self._sqs.queues.get(self._queue.name) is self._queue

    def _receive(self) -> list[Any]:
        """Up to BatchSize messages; waits for more for the batching window, if there is one."""
        if not self._may("sqs:ReceiveMessage"):
            time.sleep(_NOT_ALLOWED_SECONDS)
            return []
        size, window = self._mapping.batch_size, self._mapping.max_batch_window or 0
        end = time.monotonic() + window
        batch: list[Any] = []
        while True:
            batch += self._sqs.receive_message(
                self._queue.name,
                size - len(batch),
                0,
                self._queue.visibility_timeout,
                message_attribute_names=["All"],
            )
            left = end - time.monotonic()
            if len(batch) >= size or left <= 0 or not batch:
                return batch
            self._queue.wait_for_messages(min(left, _WAIT_SECONDS))

    def _process(self, batch: list[Any]) -> None:
        try:
            event = {"Records": [_record(self._queue, message) for message in batch]}
            answer = self._invoke(json.dumps(event).encode())
            for message in batch:
                if answer is not None and message.id not in self._failures(answer, batch):
                    self._delete(message)
        finally:
            self._slots.release()

    def _invoke(self, payload: bytes) -> bytes | None:
        """The function's answer; None leaves the whole batch to the visibility timeout."""
        deadline = time.monotonic() + int(self._queue.visibility_timeout)
        while True:
            try:
                answer = self._client.invoke(
                    FunctionName=self._mapping.function_arn, Payload=payload
                )
            except self._client.exceptions.TooManyRequestsException:
                pause = _THROTTLED_SECONDS
            except self._client.exceptions.ServiceException:
                pause = _NOT_STARTED_SECONDS
            except ClientError as error:
                say(f"{self._queue.name} could not be delivered: {error}")
                return None
            else:
                body = answer["Payload"].read()
                return None if "FunctionError" in answer else bytes(body)
            if time.monotonic() + pause >= deadline or not self._exists():
                return None
            time.sleep(pause)

    def _failures(self, answer: bytes, batch: list[Any]) -> set[str]:
        """Ids of the messages to keep. As on AWS, an answer that is not understood, or that names
        a message which was not in the batch, fails the whole batch."""
        if "ReportBatchItemFailures" not in (self._mapping.function_response_types or []):
            return set()
        everything = {message.id for message in batch}
        try:
            failures = (json.loads(answer) or {}).get("batchItemFailures") or []
            named = {failure["itemIdentifier"] for failure in failures}
        except (ValueError, TypeError, KeyError, AttributeError):
            return everything
        return named if named <= everything else everything

    def _may(self, action: str) -> bool:
        """Whether the function's role may; Lambda does it in its name."""
        try:
            role = self._backend.get_function(self._mapping.function_arn).role
            _require(self._runtime, role, self._mapping.function_arn, action, self._queue)
        except (Refused, NotKnown, UnknownFunctionException) as error:
            say(f"{self._queue.name} is not read: {error}")
            return False
        return True

    def _delete(self, message: Any) -> None:
        if not self._may("sqs:DeleteMessage"):
            return
        # invalid: the function took longer than the visibility timeout and it was redriven
        with contextlib.suppress(ReceiptHandleIsInvalid):
            self._sqs.delete_message(self._queue.name, message.receipt_handle)


def _require(runtime: Runtime, role: str, function: str, action: str, queue: Any) -> None:
    """Raises Refused unless a function's role may do something with a queue."""
    session = Session(role, function.rsplit(":", 1)[-1])
    require(runtime, session, action, queue.queue_arn)
    key = str(getattr(queue, "kms_master_key_id", None) or "")
    if action == "sqs:ReceiveMessage" and key.startswith("arn:"):
        facts = {"kms:ViaService": [f"sqs.{queue.region}.amazonaws.com"]}
        require(runtime, session, "kms:Decrypt", key, facts)


def _check_as_aws_does(runtime: Runtime, backend: Any, spec: dict[str, Any]) -> None:
    """What moto lets pass and CreateEventSourceMapping refuses."""
    function, queue = backend.get_function(spec["FunctionName"]), _queue(spec["EventSourceArn"])
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        try:
            _require(runtime, function.role, function.function_arn, f"sqs:{action}", queue)
        except (Refused, NotKnown) as error:
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {action} on SQS"
            ) from error
    timeout = int(function.timeout)
    visibility = int(queue.visibility_timeout)
    if visibility < timeout:
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {visibility} seconds is less than "
            f"Function timeout: {timeout} seconds"
        )
    if (spec.get("BatchSize") or 0) > 10 and not spec.get("MaximumBatchingWindowInSeconds"):
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
            "greater than 10"
        )


def _queue(arn: str) -> Any:
    account, region = arn.split(":")[4], arn.split(":")[3]
    return sqs_backends[account][region].get_queue(arn.rsplit(":", 1)[1])


def _record(queue: Any, message: Any) -> dict[str, Any]:
    """A message in the shape that Lambda hands to functions."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if queue.fifo_queue:
        attributes["MessageGroupId"] = message.group_id
        attributes["MessageDeduplicationId"] = message.deduplication_id
        attributes["SequenceNumber"] = message.sequence_number
    record = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {
            name: {
                "stringValue": value.get("StringValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.message_attributes.items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }
    if message.message_attributes:
        record["md5OfMessageAttributes"] = message.attribute_md5
    return record
