"""Why a training failed: found, told and kept, whatever fails on the way to it."""

from __future__ import annotations

import dataclasses
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from benchmarks.held_requests import Call, Refused
from local.iam.credentials import role_credentials
from local.stepfunctions.jsonata_queries import evaluate
from tests.integration.interpreter.conftest import ROOT, Platform

DATASET = {"name": "busi", "version": "cd0007f2cf09"}
REASON = {"errorType": "ClientError", "errorMessage": 'no such key: "plan.json"', "stackTrace": []}
GENERIC = (
    "ExceedToleratedFailureThreshold",
    "The specified tolerated failure threshold was exceeded",
)


@dataclasses.dataclass(frozen=True)
class Training:
    """A machine that an upload starts, its functions replaced, and who hears of it."""

    platform: Platform
    topic: str
    queue: str

    def definition(
        self, name: str, changed: Mapping[str, Any], topic: str | None = None
    ) -> dict[str, Any]:
        given = {"Partition": "aws", "StageConcurrency": "2", "NotificationsTopicArn": self.topic}
        given["AnswerConcurrency"] = "2"
        given |= {} if topic is None else {"NotificationsTopicArn": topic}
        text = (ROOT / f"statemachine/{name}.asl.json").read_text("utf-8")
        text = re.sub(r"\$\{(\w+)\}", lambda found: given.get(found[1], "none"), text)
        machine: dict[str, Any] = json.loads(text)
        machine["States"] |= changed
        for state in machine["States"].values():
            for retry in state.get("Retry", []):
                retry |= {"IntervalSeconds": 1, "MaxAttempts": 1}
        return machine

    def staging(self, child: Mapping[str, Any], topic: str | None = None) -> dict[str, Any]:
        """train_images with that in a batch's place, up to where staging is over."""
        definition = self.definition("train_images", {}, topic)
        stage = definition["States"]["StageImages"]
        stage["ItemProcessor"]["States"]["StageBatch"] = child
        definition["States"]["SplitDataset"] = {"Type": "Succeed"}
        unreached = set(definition["States"]) - _reached(definition)
        for name in unreached:
            del definition["States"][name]
        return definition

    def start(self, definition: dict[str, Any], batches: int = 3) -> str:
        bucket = self.platform.bucket()
        plan = json.dumps([{"batch": number} for number in range(batches)])
        self.platform.client("s3").put_object(Bucket=bucket, Key="plan.json", Body=plan.encode())
        value = {"dataset": DATASET, "upload": {}, "plan": {"bucket": bucket, "key": "plan.json"}}
        return self.platform.start(definition, value)

    def told(self) -> str:
        """The one message that has come."""
        client = self.platform.client("sqs")
        [message] = client.receive_message(QueueUrl=self.queue, WaitTimeSeconds=1)["Messages"]
        client.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return str(json.loads(message["Body"])["Message"])


@pytest.fixture(scope="module")
def training(platform: Platform) -> Iterator[Training]:
    name = f"training-{uuid.uuid4().hex[:8]}"
    sqs, sns = platform.client("sqs"), platform.client("sns")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    yield Training(platform, topic, queue)


def _reached(machine: Mapping[str, Any]) -> set[str]:
    found, waiting = set(), [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            state = machine["States"][name]
            rules = [*state.get("Choices", []), *state.get("Catch", [])]
            waiting += [state[key] for key in ("Next", "Default") if key in state]
            waiting += [rule["Next"] for rule in rules]
    return found


def failing(cause: str) -> dict[str, Any]:
    return {"Type": "Fail", "Error": "ClientError", "Cause": cause}


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (json.dumps(REASON), REASON["errorMessage"]),
        (json.dumps(REASON)[:-2] + "x" * 32_000, REASON["errorMessage"]),
        ("{" + "x" * 32_000, "{" + "x" * 32_000),
        ("", ""),
    ],
    ids=["lambda", "cut off after it", "cut off in it", "none"],
)
def test_a_failed_batchs_own_reason_is_told_and_kept(
    platform: Platform, training: Training, cause: str, told: Any
) -> None:
    ended = platform.finish(training.start(training.staging(failing(cause))))

    assert (ended["status"], ended["error"], ended.get("cause", "")) == (
        "FAILED",
        "ClientError",
        told,
    )
    assert training.told().endswith(f"\n\nClientError: {told}")


@pytest.mark.parametrize("map_state", ["StageImages", "AnswerExternal"])
def test_of_two_maps_the_one_that_failed_says_why(
    platform: Platform, training: Training, map_state: str
) -> None:
    """The first map's run is there too when the second one fails."""
    passed = {"Type": "Pass", "End": True}
    checked = {"Type": "Pass", "Output": "{% $states.context.Execution.Input %}"}
    definition = training.definition(
        "validate_external", {"CheckExternal": {**checked, "Next": "AnswerExternal"}}
    )
    for name, inner in (("StageImages", "StageBatch"), ("AnswerExternal", "AnswerBatch")):
        child = failing(f"of {name}") if name == map_state else passed
        definition["States"][name]["ItemProcessor"]["States"][inner] = child
        selector = definition["States"][name]["ItemSelector"]
        definition["States"][name]["ItemSelector"] = {"batch": selector["batch"]}

    execution = training.start(definition)
    ended = platform.finish(execution, 60)

    runs = platform.client("stepfunctions").list_map_runs(executionArn=execution)["mapRuns"]
    assert len(runs) == 1 + (map_state == "AnswerExternal")
    assert (ended["error"], ended["cause"]) == ("ClientError", f"of {map_state}")
    said = training.told()
    assert "was not judged" in said
    assert said.endswith(f"\n\nClientError: of {map_state}")


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("map_state", ["StageImages", "AnswerExternal"])
def test_it_is_found_in_whichever_order_runs_are_listed(map_state: str, newest_first: bool) -> None:
    """No page of AWS says in which."""
    text = (ROOT / "statemachine/validate_external.asl.json").read_text("utf-8")
    output = json.loads(text)["States"]["FindMapRun"]["Output"]
    runs = [f"arn:aws:states:::mapRun:m/{name}:1" for name in ("StageImages", "AnswerExternal")]
    listed = [{"MapRunArn": run} for run in (runs[::-1] if newest_first else runs)]
    states = {"input": {"map": map_state}, "result": {"MapRuns": listed}}

    found = evaluate(output.removeprefix("{%").removesuffix("%}"), {"states": states})

    assert f"/{map_state}:" in found["map_run"]


@pytest.mark.parametrize("operation", ["ListMapRuns", "ListExecutions", "GetExecutionHistory"])
def test_looking_for_the_reason_hides_no_failure(
    platform: Platform, training: Training, operation: str
) -> None:
    key = role_credentials(platform.role, "StepFunctions", "states.amazonaws.com").access_key

    def refuse(call: Call) -> None:
        if call == Call(operation, key):
            raise Refused

    with platform.requests.watched(before=refuse):
        ended = platform.finish(training.start(training.staging(failing("hidden"))))

    assert (ended["error"], ended["cause"]) == GENERIC
    assert training.told().endswith(": ".join(GENERIC))


def test_a_failure_that_cannot_be_told_is_kept_all_the_same(
    platform: Platform, training: Training
) -> None:
    gone = training.topic + "-gone"

    ended = platform.finish(training.start(training.staging(failing("why"), topic=gone)))

    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "ClientError", "why")


def test_so_is_that_of_a_release(platform: Platform, training: Training) -> None:
    """Both kinds, in both machines."""
    releases = [{"task": "classification", "error": "GateNotPassed", "cause": "too low"}]
    images = training.definition(
        "train_images",
        {
            "StageImages": {
                "Type": "Pass",
                "Assign": {"releases": releases},
                "Next": "ExplainReleases",
            }
        },
        topic=training.topic + "-gone",
    )
    failed = {"Error": "States.TaskFailed", "Cause": json.dumps(REASON)}
    table = training.definition(
        "train_table",
        {"StageTable": {"Type": "Pass", "Output": failed, "Next": "ExplainFailure"}},
        topic=training.topic + "-gone",
    )

    found = [platform.run(machine, {"dataset": DATASET}) for machine in (images, table)]

    assert [(ended["error"], ended["cause"]) for ended in found] == [
        ("GateNotPassed", "classification: too low"),
        ("TaskFailed", REASON["errorMessage"]),
    ]


def test_fifty_thousand_batches_fit_into_what_a_map_may_return(training: Training) -> None:
    stage = training.definition("train_images", {})["States"]["StageImages"]
    output = stage["ItemProcessor"]["States"]["StageBatch"]["Output"]

    assert len(json.dumps([output] * 50_000, separators=(",", ":"))) <= 262_144


def test_a_batch_that_is_staged_returns_nothing(platform: Platform, training: Training) -> None:
    child = {"Type": "Pass", "Output": {}, "End": True}

    assert platform.finish(training.start(training.staging(child)))["output"] == "{}"


@pytest.mark.parametrize(
    ("context", "name", "started"),
    [
        ({}, "", ""),
        ({"RedriveCount": 0}, "", ""),
        ({"RedriveCount": 2}, "-redrive-2", "-redrive-2"),
    ],
)
@pytest.mark.parametrize("machine", ["train_images", "train_table"])
def test_a_redriven_execution_asks_for_a_release_of_its_own(
    training: Training, machine: str, context: dict[str, Any], name: str, started: str
) -> None:
    """The first attempt's child and its training job have their names for ever. The laptop knows
    no redrive: this is what the state would ask for."""
    states = training.definition(machine, {})["States"]
    began = "2026-11-02T09:30:00.000Z"
    if machine == "train_images":
        states = states["ReleaseModels"]["ItemProcessor"]["States"]
    arguments = states["ReleaseModel"]["Arguments"]
    task = "classification" if machine == "train_images" else "table"
    variables = {
        "states": {
            "input": {"run": "busi-1", "task": task, "started": began},
            "context": {"Execution": {"Name": "busi-1", "StartTime": began, **context}},
        }
    }

    def value(expression: str) -> Any:
        return evaluate(expression.removeprefix("{%").removesuffix("%}"), variables)

    assert value(arguments["Name"]) == f"busi-1-{task}{name}"
    given = arguments["Input"]
    given = value(given) if isinstance(given, str) else {"started": value(given["started"])}
    assert given["started"] == f"{began}{started}"
