"""Why an answer may never come: no model to give one, or a message that was given up."""

from __future__ import annotations

import json
import time
from typing import Any

from botocore.exceptions import ClientError

from local.laptop.client import Laptop
from local.laptop.progress import RUNNING
from sonoflow import keys

_VISIBLE_AGAIN_SECONDS = 2  # until others see a dead letter that was only looked at
_LOOK_SECONDS = 1.0
_BATCH, _BATCHES = 10, 100  # letters at a time, and times at most: they come again meanwhile


class Obstacles:
    """Of one laptop; asked often, it looks once a second."""

    def __init__(self, laptop: Laptop) -> None:
        self._outputs, self._client = laptop.outputs, laptop.client
        self._looked: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._letters: dict[tuple[str, str], str] = {}

    def missing(self, key: str) -> list[str]:
        """The models that an object of the inbox needs and that are not deployed, in words."""
        wanted = {"ClassifierEndpointName": "classifier", "SegmenterEndpointName": "segmenter"}
        if keys.is_inbox_table(key):
            wanted = {"TableEndpointName": "model for tables"}
        names = {output: name for output, name in wanted.items() if output in self._outputs}
        return [name for output, name in names.items() if not self._is_there(self._outputs[output])]

    def is_training(self, key: str) -> bool:
        """Whether a run is under way that may deploy them."""
        table = keys.is_inbox_table(key)
        arn = self._outputs[f"{'TrainTable' if table else 'TrainImages'}StateMachineArn"]

        def look() -> bool:
            states = self._client("stepfunctions")
            found = states.list_executions(stateMachineArn=arn, statusFilter=RUNNING)
            return bool(found.get("executions"))

        return bool(self._once(("training", arn), look))

    def is_put_off(self, key: str) -> bool:
        """Whether messages of that inbox were tried, and wait to be tried again."""
        counted = self._count(self._queue(key, ""), "Delayed")
        return counted > 0

    def given_up(self, key: str, version: str) -> str | None:
        """Why the message of that upload lies with the dead letters, if it does."""
        url = self._queue(key, "DeadLetter")
        if url and self._count(url, "") + self._count(url, "NotVisible") > 0:
            self._once(("letters", url), lambda: self._read(url))
        return self._letters.get((key, version))

    def _queue(self, key: str, kind: str) -> str:
        table = "Table" if keys.is_inbox_table(key) else ""
        return self._outputs.get(f"{table}Inbox{kind}QueueUrl", "")

    def _count(self, url: str, kind: str) -> int:
        name = f"ApproximateNumberOfMessages{kind}"
        if not url:
            return 0

        def look() -> int:
            found = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
            # A runtime that is killed while it answers says nothing; the next look finds it gone.
            return int(found.get("Attributes", {}).get(name, 0))

        return int(self._once((url, kind), look))

    def _read(self, url: str) -> None:
        """Every letter; each is seen by others again a moment later."""
        for _ in range(_BATCHES):
            messages = self._client("sqs").receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_VISIBLE_AGAIN_SECONDS,
                MessageAttributeNames=["All"],
            )
            letters = messages.get("Messages", [])
            for letter in letters:
                self._keep(letter)
            if not letters:
                return

    def _keep(self, letter: dict[str, Any]) -> None:
        try:
            event = json.loads(letter["Body"])["detail"]["object"]
            upload = (str(event["key"]), str(event["version-id"]))
        except (ValueError, KeyError, TypeError):
            return  # no event of an upload
        told = {
            name: value["StringValue"]
            for name, value in letter.get("MessageAttributes", {}).items()
        }
        why = told.get("reason", "its function was killed, or ran out of time or memory")
        attempts = f" after {told['attempts']} attempts" if "attempts" in told else ""
        self._letters[upload] = f"given up{attempts}: {why}"

    def _is_there(self, endpoint: str) -> bool:
        """One that comes up is there: it will answer."""

        def look() -> bool:
            try:
                found = self._client("sagemaker").describe_endpoint(EndpointName=endpoint)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ValidationException":
                    raise
                return False
            return bool(found["EndpointStatus"] != "Failed")

        return bool(self._once(("endpoint", endpoint), look))

    def _once(self, what: tuple[str, ...], look: Any) -> Any:
        """What was found, for a second."""
        now = time.monotonic()
        if what not in self._looked or now - self._looked[what][0] >= _LOOK_SECONDS:
            self._looked[what] = (now, look())
        return self._looked[what][1]
