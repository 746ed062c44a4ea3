"""A stack whose uploads can be swept, and what the sweep sends."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from botocore.awsrequest import AWSResponse

from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.sweeping.sweep import Order, Result, Sweep, Where
from tests.unit import stack

WHERE = Where("aws", "123456789012", "us-east-1")
BY_HAND = Order(0.0, by_hand=True)
SCHEDULED = Order(0.0)


class Service:
    """The stack of the unit tests with its two queues, and planners that only listen."""

    def __init__(self) -> None:
        create = client("sqs").create_queue
        self.images: str = create(QueueName="sonoflow-InboxQueue")["QueueUrl"]
        self.tables: str = create(QueueName="sonoflow-TableInboxQueue")["QueueUrl"]
        self.planned: list[dict[str, Any]] = []
        self.external: list[dict[str, Any]] = []  # what the other planners were told
        self.bulk: list[dict[str, Any]] = []
        self.environment = {
            **stack.ENVIRONMENT,
            "UPLOADS_BUCKET": stack.UPLOADS,
            "INBOX_QUEUE_URL": self.images,
            "TABLE_INBOX_QUEUE_URL": self.tables,
            "PLAN_DATASET_FUNCTION_NAME": "sonoflow-PlanDatasetFunction",
            "PLAN_EXTERNAL_FUNCTION_NAME": "sonoflow-PlanExternalFunction",
            "PLAN_BULK_FUNCTION_NAME": "sonoflow-PlanBulkFunction",
            "SWEEP_GRACE_MINUTES": "60",
        }

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        hook = "before-call.lambda.Invoke"
        client("lambda").meta.events.register(hook, self._note)
        try:
            yield
        finally:
            client("lambda").meta.events.unregister(hook, self._note)

    def _note(self, params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        assert params["headers"]["X-Amz-Invocation-Type"] == "Event"
        told = {
            "sonoflow-PlanDatasetFunction": self.planned,
            "sonoflow-PlanExternalFunction": self.external,
            "sonoflow-PlanBulkFunction": self.bulk,
        }
        told[params["url_path"].split("/")[3]].append(json.loads(params["body"]))
        return AWSResponse(params["url"], 202, {}, None), {"StatusCode": 202}

    def sweep(self, order: Order = BY_HAND) -> Result:
        buckets = settings.read(settings.Buckets, self.environment)
        sweeping = settings.read(settings.Sweeping, self.environment)
        return Sweep(buckets, sweeping, WHERE, order).run()

    def received(self, url: str) -> list[dict[str, Any]]:
        """The events in a queue's messages, which are taken from it."""
        found = []
        while messages := client("sqs").receive_message(QueueUrl=url).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


def put(key: str, body: bytes = b"scan") -> str:
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key=key, Body=body)
    return str(answer["VersionId"])


def answer(key: str, version: str, sequencer: str = "0A", *, completes: bool = True) -> None:
    """An object of an answer to that version."""
    metadata = {
        "sonoflow-version-id": version,
        "sonoflow-sequencer": sequencer,
        "sonoflow-attempt": "1",
        **({"sonoflow-completes": "true"} if completes else {}),
    }
    client("s3").put_object(Bucket=stack.RESULTS, Key=key, Body=b"{}", Metadata=metadata)
