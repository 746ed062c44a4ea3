"""The whole job on a deployed stack: data sets in, models out, images and rows answered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import ClientError
from rich.console import Console

from local.laptop.progress import RUNNING, ProgressView, RunWatch
from operations.account import Account, Unfinished, code
from operations.smoke.expectations import Answer
from operations.smoke.material import Material

# S3 tells EventBridge of nothing for about five minutes after that was switched on:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html
_START_SECONDS, _DROP_AGAIN_SECONDS = 900.0, 60.0
_TRAIN_SECONDS, _ANSWER_SECONDS = 5400.0, 1200.0
_INBOX_TABLE = "smoke/rows.csv"


class Job:
    """`poll` is how many seconds lie between two looks."""

    def __init__(
        self, account: Account, outputs: dict[str, str], console: Console, poll: float
    ) -> None:
        self._account, self._outputs, self._poll = account, outputs, poll
        self._console = console
        self._s3 = account.client("s3")

    def train(self, material: Material) -> None:
        """Returns when all three models serve; raises Unfinished or RunFailed."""
        files = {"TrainTable": material.table, "TrainImages": material.archive}
        for file in files.values():
            self._drop(f"datasets/{file.name}", file.read_bytes())
        runs = [self._run(machine, file) for machine, file in files.items()]
        watches = [RunWatch(self._account.client, self._outputs, arn) for arn in runs]
        for watch in watches:
            self._console.print(f"execution {watch.run}")
            self._follow(watch)

    def ask(self, material: Material) -> tuple[dict[str, Answer], str]:
        """The answers to all images, by path, and the scores of the rows."""
        for path, image in material.images.items():
            self._drop(f"inbox/{path}", image.png)
        self._drop(f"inbox/{_INBOX_TABLE}", material.rows)
        answers = {}
        for path in material.images:
            prediction = self._answer(path, f"predictions/{path}.json")
            answers[path] = Answer(json.loads(prediction), self._get(f"masks/{path}.png"))
        scores = self._answer(_INBOX_TABLE, f"scores/{_INBOX_TABLE}.csv").decode()
        return answers, scores

    def _run(self, machine: str, file: Path) -> str:
        """ARN of the execution that the upload starts; it is dropped again until there is one."""
        states, key = self._account.client("stepfunctions"), f"datasets/{file.name}"
        arn = self._outputs[f"{machine}StateMachineArn"]
        dropped = time.monotonic()
        for _ in self._looks(f"an execution for {key}", _START_SECONDS):
            for run in states.list_executions(stateMachineArn=arn)["executions"]:
                if "mapRunArn" not in run:
                    return str(run["executionArn"])
            if (refusal := self._find("WorkBucketName", f"refused/{key}.json")) is not None:
                raise Unfinished(f"{key} was refused: {refusal.decode()}")
            if time.monotonic() - dropped > _DROP_AGAIN_SECONDS:
                self._console.print(f"nothing has come of {key} yet: dropping it again")
                self._drop(key, file.read_bytes())
                dropped = time.monotonic()
        raise AssertionError("looks end with an error")

    def _follow(self, watch: RunWatch) -> None:
        with ProgressView(self._console) as view:
            for _ in self._looks(f"the end of {watch.run}", _TRAIN_SECONDS):
                progress = watch.look()
                view.show(progress)
                if progress.status != RUNNING:
                    break
        watch.outcome()

    def _answer(self, path: str, key: str) -> bytes:
        for _ in self._looks(f"an answer to {path}", _ANSWER_SECONDS):
            if (found := self._find("ResultsBucketName", key)) is not None:
                return found
            rejection = self._find("ResultsBucketName", f"rejected/{path}.json")
            if rejection is not None:
                raise Unfinished(f"{path} was rejected: {rejection.decode()}")
        raise AssertionError("looks end with an error")

    def _looks(self, what: str, seconds: float) -> Iterator[None]:
        """A turn for each look; raises Unfinished when the seconds are over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            yield
            time.sleep(self._poll)
        raise Unfinished(f"waited {seconds:.0f} s for {what}")

    def _drop(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self._outputs["UploadsBucketName"], Key=key, Body=body)

    def _get(self, key: str) -> bytes:
        bucket = self._outputs["ResultsBucketName"]
        body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def _find(self, bucket: str, key: str) -> bytes | None:
        try:
            found = self._s3.get_object(Bucket=self._outputs[bucket], Key=key)
        except ClientError as error:
            if code(error) == "NoSuchKey":
                return None
            raise
        body: bytes = found["Body"].read()
        return body
