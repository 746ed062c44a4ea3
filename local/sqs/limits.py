"""What SQS refuses of messages and receipts.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.constants import MAXIMUM_MESSAGE_LENGTH
from moto.sqs.exceptions import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    InvalidAttributeValue,
    InvalidBatchEntryId,
    InvalidParameterValue,
    MissingParameter,
    SQSException,
    TooManyEntriesInBatchRequest,
)
from moto.sqs.models import Queue, SQSBackend

from local.runtime.patch import replace
from local.runtime.runtime import Runtime

_INVISIBLE_SECONDS = 12 * 3600  # in all, from a message's receipt on
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_DELAY_SECONDS = 900
_BATCH_ENTRIES = 10
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_ATTRIBUTES = {
    "DelaySeconds": (0, _DELAY_SECONDS),
    "KmsDataKeyReusePeriodSeconds": (60, 86400),
    "MaximumMessageSize": (1024, MAXIMUM_MESSAGE_LENGTH),
    "MessageRetentionPeriod": (60, 14 * 86400),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, _INVISIBLE_SECONDS),
}
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def install(runtime: Runtime) -> None:
    """All but what is asked of receipts, which needs the queue's lock (pollers.py)."""
    replace(Queue, "_set_attributes", _set_attributes)
    replace(SQSBackend, "send_message", _send_message)
    replace(SQSBackend, "send_message_batch", _send_message_batch)
    replace(SQSBackend, "delete_message_batch", lambda _original: _delete_batch)
    replace(SQSBackend, "change_message_visibility_batch", lambda _original: _visibility_batch)


def _set_attributes(original: Any) -> Any:
    """moto: takes any number of seconds or bytes. AWS: those within an attribute's limits."""

    def set_attributes(queue: Queue, attributes: Mapping[str, Any], *others: Any) -> None:
        for name, (least, most) in _ATTRIBUTES.items():
            value = str(attributes.get(name, least))
            if not value.isdecimal() or not least <= int(value) <= most:
                raise InvalidAttributeValue(name)
        original(queue, attributes, *others)

    return set_attributes


def _send_message(original: Any) -> Any:
    """moto: counts a body's characters, and takes any. AWS: counts bytes, with the attributes'
    names, types and values, and takes what XML can hold."""

    def send_message(
        backend: SQSBackend,
        queue_name: str,
        message_body: str,
        message_attributes: Mapping[str, Any] | None = None,
        *others: Any,
        **more: Any,
    ) -> Any:
        _check(message_body)
        delay = more.get("delay_seconds", others[0] if others else None)
        if not 0 <= int(delay or 0) <= _DELAY_SECONDS:
            raise InvalidParameterValue(
                f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must "
                f"be >= 0 and <= {_DELAY_SECONDS}."
            )
        limit = int(backend.get_queue(queue_name).maximum_message_size)
        if _size(message_body, message_attributes) > limit:
            raise InvalidParameterValue(
                "One or more parameters are invalid. Reason: Message must be shorter than "
                f"{limit} bytes."
            )
        return original(backend, queue_name, message_body, message_attributes, *others, **more)

    return send_message


def _send_message_batch(original: Any) -> Any:
    """moto: counts characters of bodies. AWS: bytes of bodies and attributes."""

    def send_message_batch(backend: SQSBackend, queue_name: str, entries: Mapping[str, Any]) -> Any:
        for entry in entries.values():
            _check(entry["MessageBody"])
        size = sum(
            _size(entry["MessageBody"], entry.get("MessageAttributes"))
            for entry in entries.values()
        )
        if size > MAXIMUM_MESSAGE_LENGTH:
            raise BatchRequestTooLong(size)
        return original(backend, queue_name, entries)

    return send_message_batch


def _delete_batch(
    backend: SQSBackend, queue_name: str, receipts: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[dict[str, Any]]]:
    """moto: takes any number of entries, under any names. AWS: up to ten, named apart."""
    return _each(
        receipts,
        "DeleteMessage",
        lambda entry: backend.delete_message(queue_name, entry["ReceiptHandle"]),
    )


def _visibility_batch(
    backend: SQSBackend, queue_name: str, entries: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[dict[str, Any]]]:
    """moto: as above, and one entry that is refused fails the rest."""
    return _each(
        entries,
        "ChangeMessageVisibility",
        lambda entry: backend.change_message_visibility(
            queue_name, entry["ReceiptHandle"], entry.get("VisibilityTimeout", 0)
        ),
    )


def _each(
    entries: Sequence[Mapping[str, Any]], action: str, do: Callable[[Mapping[str, Any]], Any]
) -> tuple[list[str], list[dict[str, Any]]]:
    """The ids of entries that were done, and what is said of those that were not."""
    ids = [entry["Id"] for entry in entries]
    if not ids:
        raise SQSException(
            "AWS.SimpleQueueService.EmptyBatchRequest",
            f"There should be at least one {action}BatchRequestEntry in the request.",
        )
    if len(ids) > _BATCH_ENTRIES:
        raise TooManyEntriesInBatchRequest(len(ids))
    if not all(_ENTRY_ID.fullmatch(each) for each in ids):
        raise InvalidBatchEntryId
    if twice := [each for number, each in enumerate(ids) if each in ids[:number]]:
        raise BatchEntryIdsNotDistinct(twice[0])
    done, failed = [], []
    for entry in entries:
        try:
            do(entry)
        except SQSException as error:
            failed.append(
                {
                    "Id": entry["Id"],
                    "SenderFault": True,
                    "Code": error.code,
                    "Message": error.message,
                }
            )
        else:
            done.append(entry["Id"])
    return done, failed


def _check(body: str) -> None:
    if not body:
        raise MissingParameter("MessageBody")
    if _INVALID.search(body):
        raise SQSException(
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to "
            "#xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )


def _size(body: str, attributes: Mapping[str, Any] | None) -> int:
    """What counts of a message: UTF-8 of its body and of each attribute's name, type and value."""
    texts = [body]
    binary = 0
    for name, attribute in (attributes or {}).items():
        texts += [name, attribute["DataType"], attribute.get("StringValue") or ""]
        binary += len(attribute.get("BinaryValue") or b"")
    return sum(len(text.encode()) for text in texts) + binary


def change_visibility(original: Any) -> Any:
    """moto: counts twelve hours from when a message was sent, and takes the receipt of any earlier
    time. AWS: from when it was received first, and the receipt of the last time while that holds.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
    """

    def change_message_visibility(
        backend: SQSBackend, queue_name: str, receipt_handle: str, visibility_timeout: int
    ) -> None:
        queue = backend.get_queue(queue_name)
        message = _received(queue, receipt_handle)
        if not 0 <= int(visibility_timeout) <= _INVISIBLE_SECONDS:
            raise InvalidParameterValue(
                f"Value {visibility_timeout} for parameter VisibilityTimeout is invalid. Reason: "
                f"Must be >= 0 and <= {_INVISIBLE_SECONDS}, if provided."
            )
        if message is None:
            original(backend, queue_name, receipt_handle, visibility_timeout)
            return
        if message.receipt_handle != receipt_handle or message.visible:
            raise InvalidParameterValue(
                f"Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: Message "
                "does not exist or is not available for visibility timeout change."
            )
        until = unix_time_millis() + int(visibility_timeout) * 1000
        if until - message.approximate_first_receive_timestamp > _INVISIBLE_SECONDS * 1000:
            raise InvalidParameterValue(
                f"Value {visibility_timeout} for parameter VisibilityTimeout is invalid. Reason: "
                f"Total VisibilityTimeout for the message is beyond the limit "
                f"[{_INVISIBLE_SECONDS} seconds]"
            )
        message.change_visibility(visibility_timeout)
        if message.visible:
            queue.pending_messages.discard(message)

    return change_message_visibility


def delete(original: Any) -> Any:
    """moto: deletes by the receipt of any earlier time. AWS: answers as if, and keeps a message
    that was received again since.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
    """

    def delete_message(queue: Queue, receipt_handle: str) -> None:
        message = _received(queue, receipt_handle)
        if message is None or message.receipt_handle == receipt_handle:
            original(queue, receipt_handle)
        elif queue.fifo_queue:
            raise InvalidParameterValue(
                f"Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: The "
                "receipt handle has expired."
            )

    return delete_message


def _received(queue: Queue, receipt_handle: str) -> Any:
    """The message that was received under that handle, once; None if there is none any more."""
    found = (each for each in queue._messages if each.had_receipt_handle(receipt_handle))
    return next(found, None)
