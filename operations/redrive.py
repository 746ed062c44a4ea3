"""`make redrive`: what was given up, why, and once more.

    python -m operations redrive --stack sonoflow --dry-run

Lists the dead letters of a stack with their reasons and ages, and sends them back to where they
came from: messages of the inbox to their queue, events of data sets, verdicts, zips and manifests
to their functions. Each is sent first and deleted then, so that nothing is lost wherever this ends;
what comes twice by that is answered once. What is no upload's event stays, and is told of.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import sys
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.account import Account, Unfinished
from sonoflow import keys
from sonoflow.aws import uploads
from sonoflow.errors import PayloadInvalid

HELD_SECONDS = 300  # until a letter that was only looked at can be received again
_BATCH = 10
# SQS moves what was received too often without a word, which is left for those whose function could
# not speak any more.
KILLED = "not told: in its last attempt the function was killed, or ran out of time or memory"
IMAGES, TABLES, UPLOADS = "images", "tables", "other uploads"


@dataclasses.dataclass(frozen=True)
class Letter:
    """A message that was given up."""

    queue: str  # its URL
    receipt: str
    body: str
    sent: datetime.datetime
    reason: str

    @property
    def key(self) -> str | None:
        """Of the upload; None if it is no event of one."""
        try:
            return uploads.from_event(json.loads(self.body)).key
        except (ValueError, PayloadInvalid):
            return None


class Redrive:
    """The dead letters of one stack."""

    def __init__(self, account: Account, stack: str) -> None:
        outputs = account.outputs(stack)
        self._sqs, self._account = account.client("sqs"), account
        self._functions = {  # of what lies below that prefix
            keys.DATASETS: account.resource(stack, "PlanDatasetFunction"),
            keys.FEEDBACK: account.resource(stack, "RecordFeedbackFunction"),
        }
        self._bulk = account.resource(stack, "PlanBulkFunction")
        self.queues = {
            IMAGES: outputs["InboxDeadLetterQueueUrl"],
            TABLES: outputs["TableInboxDeadLetterQueueUrl"],
            UPLOADS: account.resource(stack, "UploadsDeadLetterQueue"),
        }
        self._inboxes = {
            IMAGES: outputs["InboxQueueUrl"],
            TABLES: outputs["TableInboxQueueUrl"],
        }

    def letters(self, kind: str, before: datetime.datetime) -> Iterator[Letter]:
        """Those from before that time, each once; others see them again after HELD_SECONDS."""
        url = self.queues[kind]
        while True:
            messages = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_BATCH,
                WaitTimeSeconds=1,  # all servers are asked, so that an empty answer says something
                VisibilityTimeout=HELD_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not messages:
                return
            for message in messages:
                letter = _letter(url, message)
                if letter.sent < before:
                    yield letter

    def send_back(self, kind: str, letter: Letter) -> bool:
        """Whether it could be; what is no event of an upload that belongs there cannot."""
        if kind in self._inboxes and (letter.key or "").startswith(keys.INBOX):
            self._sqs.send_message(QueueUrl=self._inboxes[kind], MessageBody=letter.body)
        elif kind == UPLOADS and (function := self._function(letter.key or "")):
            self._account.client("lambda").invoke(
                FunctionName=function, InvocationType="Event", Payload=letter.body.encode()
            )
        else:
            return False
        self._sqs.delete_message(QueueUrl=letter.queue, ReceiptHandle=letter.receipt)
        return True

    def release(self, letter: Letter) -> None:
        """To be received again at once."""
        self._sqs.change_message_visibility(
            QueueUrl=letter.queue, ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )

    def _function(self, key: str) -> str | None:
        """That an event of a key is for, if it is for one itself."""
        if key.startswith(keys.INBOX) and keys.is_inbox_bulk(key):
            return self._bulk
        found = (name for prefix, name in self._functions.items() if key.startswith(prefix))
        return next(found, None)


def _letter(url: str, message: dict[str, Any]) -> Letter:
    given = message.get("MessageAttributes", {})
    told = {name: value.get("StringValue", "") for name, value in given.items()}
    sent = int(message["Attributes"]["SentTimestamp"]) / 1000
    return Letter(
        queue=url,
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        sent=datetime.datetime.fromtimestamp(sent, datetime.UTC),
        reason=_reason(told, message["Body"]),
    )


def _reason(told: dict[str, str], body: str) -> str:
    """As the function says it, or EventBridge, or Lambda, or the event of a run itself.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    if "reason" in told:
        return f"{told['reason']} (attempts: {told.get('attempts', 'unknown')})"
    for code, text in (("ERROR_CODE", "ERROR_MESSAGE"), ("ErrorCode", "ErrorMessage")):
        if code in told:
            return f"{told[code]}: {told.get(text, '')}"
    try:
        event = json.loads(body)
        if event["source"] == "aws.states":
            run, error = event["detail"].get("name"), event["detail"].get("error")
            if str(run).startswith("bulk-"):
                return f"the run {run} broke off ({error}): the next sweep goes on with it"
            return f"the run {run} broke off ({error}): upload its data set again"
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return KILLED


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m operations redrive", description=__doc__)
    parser.add_argument("--stack", default="sonoflow")
    parser.add_argument("--dry-run", action="store_true", help="only list them")
    given = parser.parse_args(argv)
    try:
        account, now = Account(), datetime.datetime.now(datetime.UTC)
        print(f"The stack {given.stack} in account {account.number()}, {account.region}")
        found, sent = _all(Redrive(account, given.stack), now, dry_run=given.dry_run)
    except (Unfinished, ClientError, BotoCoreError) as error:
        print(f"failed: {error}; run the same again to go on", file=sys.stderr)
        return 1
    print(f"{found} dead letters, {sent} sent back")
    return 0


def _all(redrive: Redrive, now: datetime.datetime, *, dry_run: bool) -> tuple[int, int]:
    """How many there were before that time, and were sent back."""
    found = sent = 0
    for kind in redrive.queues:
        kept: list[Letter] = []
        try:
            for letter in redrive.letters(kind, now):
                back = not dry_run and redrive.send_back(kind, letter)
                outcome = "sent back" if back else "kept"
                age = str(now - letter.sent).partition(".")[0]
                name = letter.key or "no event of an upload"
                print(f"{kind}, {age} old: {name}: {letter.reason}: {outcome}")
                found, sent = found + 1, sent + back
                if not back:
                    kept.append(letter)
        finally:
            for letter in kept:
                redrive.release(letter)
    return found, sent


if __name__ == "__main__":
    sys.exit(main())
