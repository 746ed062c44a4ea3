"""What SNS refuses of a message.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from moto.sns.exceptions import InvalidParameterValue, SNSException
from moto.sns.models import SNSBackend

from local.runtime.patch import replace
from local.runtime.runtime import Runtime

_MESSAGE_BYTES = 256 * 1024
_SUBJECT_CHARACTERS = 100


def install(runtime: Runtime) -> None:
    replace(SNSBackend, "publish", _publish)
    replace(SNSBackend, "publish_batch", _publish_batch)


def _publish(original: Any) -> Any:
    """moto: counts a body's characters, and any subject will do that is short. AWS: counts bytes,
    with the attributes', and a subject is one line of text."""

    def publish(
        backend: SNSBackend,
        message: str,
        arn: str | None,
        phone_number: str | None = None,
        subject: str | None = None,
        message_attributes: Mapping[str, Any] | None = None,
        *others: Any,
        **more: Any,
    ) -> Any:
        if not message:
            raise InvalidParameterValue("Invalid parameter: Empty message")
        if subject is not None and not _is_subject(subject):
            raise InvalidParameterValue("Invalid parameter: Subject")
        if _size(message, message_attributes) > _MESSAGE_BYTES:
            raise InvalidParameterValue("Invalid parameter: Message too long")
        return original(
            backend, message, arn, phone_number, subject, message_attributes, *others, **more
        )

    return publish


def _publish_batch(original: Any) -> Any:
    """moto: of any size. AWS: all of a batch counts as one message does."""

    def publish_batch(
        backend: SNSBackend,
        topic_arn: str,
        publish_batch_request_entries: Sequence[Mapping[str, Any]],
    ) -> Any:
        size = sum(
            _size(entry["Message"], entry.get("MessageAttributes"))
            for entry in publish_batch_request_entries
        )
        if size > _MESSAGE_BYTES:
            raise SNSException(
                "BatchRequestTooLong",
                "The length of all the batch messages put together is more than the limit.",
            )
        return original(backend, topic_arn, publish_batch_request_entries)

    return publish_batch


def _is_subject(text: str) -> bool:
    control = any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text)
    return 1 <= len(text) <= _SUBJECT_CHARACTERS and not control


def _size(message: str, attributes: Mapping[str, Any] | None) -> int:
    """What counts: UTF-8 of the body and of each attribute's name, type and value."""
    parts = [message.encode()]
    for name, attribute in (attributes or {}).items():
        value = attribute["Value"]
        parts += [name.encode(), attribute["Type"].encode()]
        parts.append(value if isinstance(value, bytes) else str(value).encode())
    return sum(map(len, parts))
