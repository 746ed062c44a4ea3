"""When a message of the inbox that could not be handled comes again, or that it does not, and why.

Left alone, SQS brings it back after the queue's visibility timeout, which is made for the longest
table: far too late for an image whose endpoint was busy for a second. And each time counts, so that
an image that was dropped before there is a model would end with the dead letters while the model is
still in training. After the last time SQS would lay it with the dead letters without a word.
"""

from __future__ import annotations

import datetime
import functools
import random
import re
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import BotoCoreError, ClientError

from sonoflow.aws.clients import client
from sonoflow.settings import Retrying

# Of the first wait: 30 s, 2 min, 10 min, and then half an hour each.
_GROWTH = (1, 4, 20, 60)
_JITTER = 0.25  # either way: what failed together is not to come again together
_MODEL_WAIT_SHARE = 0.1  # of the time that an image has waited already
_MODEL_WAIT_SECONDS = (10, 900)  # at least and at most; SQS delays for no longer
# An execution ends after five days at the latest, and may be tried again.
MODEL_WAIT_LIMIT = datetime.timedelta(days=14)
_REASON_LIMIT = 1000  # characters
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_UNSENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# InvokeEndpoint and DescribeEndpoint have no error of their own for it.
_VALIDATION = frozenset({"ValidationError", "ValidationException"})
_NO_ENDPOINT = re.compile(r"endpoint\b.*\bnot found|could not find endpoint", re.I | re.S)


def wait_for_model(record: SQSRecord, event: Mapping[str, Any], error: Exception) -> float | None:
    """Where the error is the lack of a model: sends the message anew, with all its attempts.

    It comes after a tenth of the time that the image has waited, a quarter of an hour at most.
    Returns the seconds that it has waited; None if the message itself has to be kept.
    """
    waited = _seconds_since(event)
    if waited is None or waited > MODEL_WAIT_LIMIT.total_seconds() or not lacks_model(error):
        return None
    low, high = _MODEL_WAIT_SECONDS
    delay = min(high, _jittered(max(low, waited * _MODEL_WAIT_SHARE)))
    try:
        client("sqs").send_message(
            QueueUrl=_queue_url(record.event_source_arn),
            MessageBody=record.body,
            DelaySeconds=delay,
        )
    except (ClientError, BotoCoreError):
        return None  # it comes again by itself, if later
    return waited


def give_up(record: SQSRecord, error: Exception, retrying: Retrying) -> bool:
    """After the last attempt: lays the message with the dead letters, with the error as its reason.

    Whether it is there, so that the message itself is done with. Otherwise SQS moves it, which says
    nothing: so does a message whose function was killed in its last attempt.
    """
    receives = int(record.attributes.approximate_receive_count)
    if not retrying.inbox_dead_letter_queue_url or receives < retrying.inbox_max_receives:
        return False
    told = {"reason": reason(error), "attempts": str(receives)}
    try:
        client("sqs").send_message(
            QueueUrl=retrying.inbox_dead_letter_queue_url,
            MessageBody=record.body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in told.items()
            },
        )
    except (ClientError, BotoCoreError):
        return False
    return True


def reason(error: Exception) -> str:
    """What a message's attribute can say of an error, with its notes, and of what it was raised
    from. Messages hold neither all of Unicode nor any length."""
    causes = [error, *([error.__cause__] if error.__cause__ else [])]
    texts = [f"{type(each).__name__}: {each}" for each in causes]
    text = "; ".join([*texts, *getattr(error, "__notes__", [])])
    plain = _UNSENDABLE.sub("?", text.encode("utf-8", "replace").decode())
    return plain[:_REASON_LIMIT]


def lacks_model(error: Exception) -> bool:
    """Whether an endpoint does not exist, or does not serve yet for the first time."""
    if not isinstance(error, ClientError):
        return False
    details = error.response.get("Error", {})
    found = _NO_ENDPOINT.search(str(details.get("Message", "")))
    return details.get("Code") in _VALIDATION and found is not None


def _seconds_since(event: Mapping[str, Any]) -> float | None:
    """None if the event does not say when it was."""
    try:
        then = datetime.datetime.fromisoformat(event["time"])
        return (datetime.datetime.now(datetime.UTC) - then).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None


def try_again(record: SQSRecord, first_wait: int) -> int | None:
    """Makes the message visible again after a wait that grows with its attempts.

    `first_wait` is in seconds, as is what is returned; None where the queue's own timeout stays.
    """
    receives = int(record.attributes.approximate_receive_count)
    growth = _GROWTH[min(receives, len(_GROWTH)) - 1]
    seconds = _jittered(first_wait * growth)
    try:
        client("sqs").change_message_visibility(
            QueueUrl=_queue_url(record.event_source_arn),
            ReceiptHandle=record.receipt_handle,
            VisibilityTimeout=seconds,
        )
    except (ClientError, BotoCoreError):
        return None
    return seconds


def _jittered(seconds: float) -> int:
    return round(seconds * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311


@functools.cache
def _queue_url(arn: str) -> str:
    account, name = arn.split(":")[4:6]
    answer = client("sqs").get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
    url: str = answer["QueueUrl"]
    return url
