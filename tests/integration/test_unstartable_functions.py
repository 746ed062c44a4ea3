"""Functions that this machine cannot start, its disk being full say: nothing is lost or hangs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import LOG, Laptop
from tests.integration.conftest import PROBE, ROOT


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """One of its own: while it is hindered, no other test could run a function."""
    state = tmp_path_factory.mktemp("hindered")
    with Laptop.start(ROOT, state, template=PROBE) as running:
        yield running


@contextlib.contextmanager
def hindered(laptop: Laptop) -> Iterator[None]:
    """No new worker finds a place for its code, as on a disk that is full."""
    (run,) = (laptop.state / "runs").iterdir()
    code, aside = run / "lambda" / "code", run / "aside"
    code.parent.mkdir(exist_ok=True)
    known = set(code.parent.iterdir())
    if code.exists():
        code.rename(aside)
    code.write_text("no folder")
    try:
        yield
    finally:
        left = set(code.parent.iterdir()) - known - {code}
        code.unlink()
        if aside.exists():
            aside.rename(code)
    assert not left, "scratch of workers that did not start"


def make_cold(laptop: Laptop, function: str) -> None:
    """The next invocation needs a new worker."""
    functions = laptop.client("lambda")
    before = functions.get_function_configuration(FunctionName=function)["Timeout"]
    functions.update_function_configuration(FunctionName=function, Timeout=before + 1)


def log(laptop: Laptop) -> str:
    return (laptop.state / LOG).read_text()


def results(laptop: Laptop) -> list[str]:
    found = laptop.client("s3").list_objects_v2(Bucket=laptop.outputs["ResultsBucketName"])
    return [item["Key"] for item in found.get("Contents", [])]


def test_an_upload_is_kept_and_handled_once_its_function_can_start(
    laptop: Laptop, eventually: Callable[..., Any]
) -> None:
    name = laptop.outputs["RecordUploadFunctionName"]
    make_cold(laptop, name)
    with hindered(laptop):
        laptop.client("s3").put_object(
            Bucket=laptop.outputs["UploadsBucketName"], Key="record/scan.png", Body=b"1"
        )
        eventually(lambda: log(laptop).count(f"invocation of {name} is kept") >= 2)
        assert results(laptop) == []

    assert eventually(lambda: results(laptop))
    assert "tried again in 1 s: " in log(laptop)
    assert "tried again in 2 s: " in log(laptop)
    assert f"{name} could not be started: FileExistsError" in log(laptop)


@pytest.mark.slow
def test_an_event_whose_function_never_starts_lands_where_the_function_says(
    laptop: Laptop, eventually: Callable[..., Any]
) -> None:
    name, sqs = laptop.outputs["MisbehaveFunctionName"], laptop.client("sqs")
    functions = laptop.client("lambda")
    config = functions.get_function_event_invoke_config(FunctionName=name)
    functions.put_function_event_invoke_config(
        FunctionName=name,
        MaximumEventAgeInSeconds=60,  # the least that may be asked for
        DestinationConfig=config["DestinationConfig"],
    )

    with hindered(laptop):
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"how": "raise"}')
        url = laptop.outputs["FailedQueueUrl"]
        failed = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), within=120)

    record = json.loads(failed[0]["Body"])
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["requestPayload"] == {"how": "raise"}
    assert "responsePayload" not in record
    (buried,) = eventually(
        lambda: sqs.receive_message(
            QueueUrl=laptop.outputs["UndeliveredQueueUrl"], MessageAttributeNames=["All"]
        ).get("Messages")
    )
    assert json.loads(buried["Body"]) == {"how": "raise"}
    told = {name: value["StringValue"] for name, value in buried["MessageAttributes"].items()}
    assert told["ErrorCode"] == "500"
    assert "could not be started: FileExistsError" in told["ErrorMessage"]


def test_who_waits_for_the_answer_is_told_that_it_was_not_the_functions_fault(
    laptop: Laptop,
) -> None:
    name = laptop.outputs["MisbehaveFunctionName"]
    make_cold(laptop, name)

    with hindered(laptop), pytest.raises(ClientError) as caught:
        laptop.client("lambda").invoke(FunctionName=name, Payload=b"{}")

    assert caught.value.response["Error"]["Code"] == "ServiceException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert f"{name} could not be started" in str(caught.value)
    assert laptop.client("lambda").invoke(FunctionName=name, Payload=b"{}")["StatusCode"] == 200


def test_a_state_machine_may_retry_it_as_on_aws(
    laptop: Laptop, eventually: Callable[..., Any]
) -> None:
    name, states = laptop.outputs["RecordUploadFunctionName"], laptop.client("stepfunctions")
    existing = states.describe_state_machine(stateMachineArn=laptop.outputs["GreetStateMachineArn"])
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": name, "Payload": {}},
        "Retry": [{"ErrorEquals": ["Lambda.ServiceException"], "IntervalSeconds": 1}],
        "End": True,
    }
    machine = states.create_state_machine(
        name="retrying",
        definition=json.dumps({"StartAt": "Invoke", "States": {"Invoke": task}}),
        roleArn=existing["roleArn"],
    )["stateMachineArn"]
    make_cold(laptop, name)

    def failures(arn: str) -> list[str]:
        events = states.get_execution_history(executionArn=arn)["events"]
        return [e["taskFailedEventDetails"]["error"] for e in events if e["type"] == "TaskFailed"]

    with hindered(laptop):
        arn = states.start_execution(stateMachineArn=machine)["executionArn"]
        assert set(eventually(lambda: failures(arn))) == {"Lambda.ServiceException"}

    def status() -> bool:
        return str(states.describe_execution(executionArn=arn)["status"]) == "SUCCEEDED"

    assert eventually(status)


def test_a_queues_messages_wait_until_the_function_can_start(
    laptop: Laptop, eventually: Callable[..., Any]
) -> None:
    name, s3 = laptop.outputs["ConsumeFunctionName"], laptop.client("s3")
    make_cold(laptop, name)

    with hindered(laptop):
        uploads = laptop.outputs["UploadsBucketName"]
        s3.put_object(Bucket=uploads, Key="inbox/kept.png", Body=b"1")
        eventually(lambda: log(laptop).count(f"{name} could not be started") >= 2)
        dead = laptop.client("sqs").receive_message(
            QueueUrl=laptop.outputs["InboxDeadLetterQueueUrl"]
        )

    assert eventually(lambda: "consumed/inbox/kept.png.json" in results(laptop))
    assert "Messages" not in dead
