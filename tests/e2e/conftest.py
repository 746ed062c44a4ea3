"""The real stack on the laptop runtime, with data and models as small as they may be."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.demo.phantoms import write_phantoms
from local.laptop import permissions
from local.laptop.client import Laptop
from tests.integration.roles import letting_in

# Each model trains in seconds and knows nothing: these tests are about the flow.
TINY = {
    "ClassifierImageSize": "32",
    "ClassifierEpochs": "1",
    "SegmenterImageSize": "32",
    "SegmenterEpochs": "1",
    "ClassifierHyperparameters": '{"batch-size": 4}',
    "SegmenterHyperparameters": '{"base-channels": 4, "batch-size": 4, "depth": 2}',
    "StagingOptions": '{"stage-batch-images": 6, "minimum-images-per-class": 3}',
    "MinimumAccuracy": "0",
    "MinimumLesionDice": "0",
    "PredictTimeout": "20",
    "PredictTableTimeout": "20",
}
RUN_TIMEOUT = 240.0
Deploy = Callable[..., AbstractContextManager["Stack"]]


class Stack:
    """The deployed stack, and what the tests ask of it."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.outputs = laptop.outputs
        self.s3 = laptop.client("s3")
        self.states = laptop.client("stepfunctions")
        self.sagemaker = laptop.client("sagemaker")
        self._sqs = laptop.client("sqs")
        self.uploads = self.outputs["UploadsBucketName"]
        self.work = self.outputs["WorkBucketName"]
        self.results = self.outputs["ResultsBucketName"]
        self._mailbox = self._subscribe()

    def upload(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.uploads, Key=key, Body=body)

    def runs(self, machine: str = "TrainImages") -> list[dict[str, Any]]:
        """Executions of a machine; a distributed map's children are not among them."""
        arn = self.outputs[f"{machine}StateMachineArn"]
        found = self.states.list_executions(stateMachineArn=arn)["executions"]
        return [execution for execution in found if "mapRunArn" not in execution]

    def run_to_the_end(self, key: str, body: bytes, machine: str = "TrainImages") -> dict[str, Any]:
        """Upload a data set and return its execution once it has ended."""

        def known() -> set[str]:
            return {run["executionArn"] for run in self.runs(machine)}

        before = known()
        self.upload(key, body)
        new: set[str] = wait_for(lambda: known() - before, f"an execution for {key}", 60)
        return self.end_of(new.pop())

    def end_of(self, arn: str) -> dict[str, Any]:
        ended: dict[str, Any] = wait_for(lambda: self._ended(arn), f"the end of {arn}", RUN_TIMEOUT)
        return ended

    def find(self, bucket: str, key: str) -> bytes | None:
        """The object's bytes, or None where there is none."""
        try:
            body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        return body

    def wait_for_object(self, bucket: str, key: str) -> bytes:
        found: bytes = wait_for(lambda: self.find(bucket, key), key, 60)
        return found

    def document(self, bucket: str, key: str) -> dict[str, Any] | None:
        body = self.find(bucket, key)
        found: dict[str, Any] | None = None if body is None else json.loads(body)
        return found

    def wait_for_document(self, bucket: str, key: str) -> dict[str, Any]:
        return wait_for(lambda: self.document(bucket, key), key, 60)

    def update(self, **parameters: str) -> None:
        """Change parameters of the deployed stack, as a second `sam deploy` would."""
        cloudformation = self.laptop.client("cloudformation")
        known = cloudformation.describe_stacks(StackName="sonoflow")["Stacks"][0]["Parameters"]
        kept = {each["ParameterKey"] for each in known} - set(parameters)
        cloudformation.update_stack(
            StackName="sonoflow",
            UsePreviousTemplate=True,
            Parameters=[
                *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
                *({"ParameterKey": n, "ParameterValue": v} for n, v in parameters.items()),
            ],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )

        def updated() -> bool:
            (stack,) = cloudformation.describe_stacks(StackName="sonoflow")["Stacks"]
            return bool(stack["StackStatus"] == "UPDATE_COMPLETE")

        wait_for(updated, "the stack's update", 60)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def notification(self, containing: str) -> str:
        """The next notification whose text contains that; others are dropped."""

        def received() -> str | None:
            answer = self._sqs.receive_message(QueueUrl=self._mailbox, MaxNumberOfMessages=1)
            for message in answer.get("Messages", []):
                self._sqs.delete_message(
                    QueueUrl=self._mailbox, ReceiptHandle=message["ReceiptHandle"]
                )
                if containing in message["Body"]:
                    return str(message["Body"])
            return None

        return str(wait_for(received, f"a notification with {containing!r}", 30))

    def depth(self, output: str) -> int:
        """Messages in a queue, those in flight and those that come later included."""
        kinds = ("Messages", "MessagesNotVisible", "MessagesDelayed")
        return sum(self._messages(output, kind) for kind in kinds)

    def delayed(self, output: str) -> int:
        """Messages that come later."""
        return self._messages(output, "MessagesDelayed")

    def _messages(self, output: str, kind: str) -> int:
        name = f"ApproximateNumberOf{kind}"
        url = self.outputs[output]
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(found["Attributes"][name])

    def said(self, function: str, words: str) -> int:
        """How often a function of the stack has logged these words."""
        logs = self.laptop.client("logs")
        (group,) = (
            found["logGroupName"]
            for found in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
            if function in found["logGroupName"]
        )
        events = logs.filter_log_events(logGroupName=group, filterPattern="")["events"]
        return sum(words in event["message"] for event in events)

    def running(self) -> list[str]:
        """Executions and training jobs that have not ended."""
        executions = [
            execution["executionArn"]
            for output, machine in self.outputs.items()
            if output.endswith("StateMachineArn")
            for execution in self.states.list_executions(
                stateMachineArn=machine, statusFilter="RUNNING"
            )["executions"]
        ]
        jobs = self.sagemaker.list_training_jobs(StatusEquals="InProgress")
        return executions + [job["TrainingJobName"] for job in jobs["TrainingJobSummaries"]]

    def _ended(self, arn: str) -> dict[str, Any] | None:
        execution: dict[str, Any] = self.states.describe_execution(executionArn=arn)
        return None if execution["status"] == "RUNNING" else execution

    def _subscribe(self) -> str:
        url: str = self._sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        queue = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        sns = self.laptop.client("sns")
        (topic,) = sns.list_topics()["Topics"]
        sns.subscribe(
            TopicArn=topic["TopicArn"],
            Protocol="sqs",
            Endpoint=queue["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )
        return url


def mailbox_of_rule(stack: Stack, pattern: str) -> Callable[[], dict[str, Any]]:
    """Waits for the next event that matches, as a subscriber's queue receives it."""
    sqs, events = stack.laptop.client("sqs"), stack.laptop.client("events")
    url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    arn = attributes["QueueArn"]
    policy = letting_in("events.amazonaws.com", "sqs:SendMessage", arn)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_rule(Name="subscriber", EventPattern=pattern)
    events.put_targets(Rule="subscriber", Targets=[{"Id": "queue", "Arn": arn}])

    def received() -> dict[str, Any] | None:
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(messages[0]["Body"]) if messages else None

    return lambda: wait_for(received, "an event", 60)


def wait_for(look: Callable[[], Any], what: str, seconds: float) -> Any:
    """What `look` finds, as soon as it finds something. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


@pytest.fixture(scope="session")
def deploy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Deploy:
    """Deploys the product's own template; extra parameters by name."""
    state = tmp_path_factory.mktemp("laptop")

    @contextmanager
    def deployed(**parameters: str) -> Iterator[Stack]:
        with Laptop.start(root, state, parameters={**TINY, **parameters}) as laptop:
            yield Stack(laptop)
            assert [each for each in permissions.decisions(laptop) if not each["allowed"]] == []

    return deployed


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], bytes]:
    """A zip of phantoms, a few of each class, by seed."""
    folder = tmp_path_factory.mktemp("phantoms")

    def written(seed: int) -> bytes:
        path = folder / f"{seed}.zip"
        if not path.exists():
            write_phantoms(path, images_per_class=8, seed=seed)
        return path.read_bytes()

    return written


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return buffer.getvalue()
