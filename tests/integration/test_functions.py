"""Lambda functions on the laptop behave as on AWS: what they see, how they fail, what they log."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import Laptop
from tests.integration.invocations import invoke

INSIDE = {
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SESSION_TOKEN",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
}


@pytest.fixture
def record_upload(probe: Laptop) -> str:
    return probe.outputs["RecordUploadFunctionName"]


@pytest.fixture
def misbehave(probe: Laptop) -> str:
    return probe.outputs["MisbehaveFunctionName"]


def test_a_function_sees_what_it_sees_on_aws_and_nothing_of_this_machine(
    probe: Laptop, record_upload: str
) -> None:
    os.environ["SECRET_OF_THE_PARENT"] = "leaked"

    answer, _ = invoke(probe, record_upload, {"any": "event"})

    environment = answer["environment"]
    assert set(environment) >= INSIDE
    assert "SECRET_OF_THE_PARENT" not in environment
    assert environment["AWS_ENDPOINT_URL"] == probe.endpoint_url
    assert environment["GREETING"] == "hello"
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert answer["directory"] == environment["LAMBDA_TASK_ROOT"]
    assert answer["path"][1] == environment["LAMBDA_TASK_ROOT"]
    assert answer["package"] == "bundled"
    assert 9_000 < answer["remaining_ms"] <= 10_000


def test_a_function_runs_under_its_own_role(probe: Laptop, record_upload: str) -> None:
    answer, _ = invoke(probe, record_upload, {})

    role = probe.client("lambda").get_function_configuration(FunctionName=record_upload)["Role"]
    name = role.rsplit("/", 1)[1]
    assert answer["caller"].startswith(f"arn:aws:sts::123456789012:assumed-role/{name}/")


def test_a_warm_worker_is_used_again(probe: Laptop, record_upload: str) -> None:
    first, _ = invoke(probe, record_upload, {})
    begun = time.monotonic()

    second, _ = invoke(probe, record_upload, {})

    assert second["pid"] == first["pid"]
    assert second["request_id"] != first["request_id"]
    assert time.monotonic() - begun < 0.2


def test_a_changed_configuration_reaches_the_next_invocation(
    probe: Laptop, inline: Callable[..., str]
) -> None:
    source = "import os\ndef handler(event, context): return os.environ.get('COLOUR')"
    name = inline(source, Environment={"Variables": {"COLOUR": "red"}})
    assert invoke(probe, name, {})[0] == "red"

    probe.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"COLOUR": "blue"}}
    )

    assert invoke(probe, name, {})[0] == "blue"


def test_a_raised_error_has_awss_shape(probe: Laptop, misbehave: str) -> None:
    error, answer = invoke(probe, misbehave, {"how": "raise"})

    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "ValueError"
    assert error["errorMessage"] == "as asked"
    assert any("raise ValueError" in line for line in error["stackTrace"])
    assert error["requestId"]


def test_a_function_that_takes_too_long_is_ended(probe: Laptop, misbehave: str) -> None:
    begun = time.monotonic()

    error, answer = invoke(probe, misbehave, {"how": "sleep"})

    assert time.monotonic() - begun < 5
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Sandbox.Timedout"
    assert re.search(r"Task timed out after 1\.00 seconds", error["errorMessage"])


def test_a_process_that_dies_is_an_exit_error(probe: Laptop, misbehave: str) -> None:
    error, answer = invoke(probe, misbehave, {"how": "exit"})

    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in error["errorMessage"]


@pytest.mark.parametrize(
    ("source", "settings", "kind"),
    [
        ("import not_there", {}, "Runtime.ImportModuleError"),
        ("def handler(:", {}, "Runtime.UserCodeSyntaxError"),
        ("x = 1", {}, "Runtime.HandlerNotFound"),
        ("1 / 0", {}, "ZeroDivisionError"),
    ],
)
def test_a_handler_that_does_not_load_is_an_init_error(
    probe: Laptop, inline: Callable[..., str], source: str, settings: dict[str, Any], kind: str
) -> None:
    error, answer = invoke(probe, inline(source, **settings), {})

    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == kind


@pytest.mark.parametrize("package", ["moto", "numpy", "local"])
def test_a_function_finds_no_package_that_it_does_not_bring(
    probe: Laptop, inline: Callable[..., str], package: str
) -> None:
    """They are installed in the virtual environment that the laptop runtime runs in."""
    error, _ = invoke(probe, inline(f"import boto3\nimport {package}"), {})

    assert error["errorType"] == "Runtime.ImportModuleError"
    assert f"No module named '{package}'" in error["errorMessage"]


def test_a_function_finds_what_its_requirements_name_and_draw_in(
    probe: Laptop, inline: Callable[..., str]
) -> None:
    source = "import dateutil, jinja2, markupsafe\ndef handler(event, context): return 'found'"

    name = inline(source, Requirements="-c ../../constraints.txt\n./core\njinja2 # pages\n")

    assert invoke(probe, name, {})[0] == "found"


def test_the_log_holds_what_was_printed_between_start_and_report(
    probe: Laptop, record_upload: str, eventually: Callable[..., Any]
) -> None:
    _, answer = invoke(probe, record_upload, {"marker": "in the log"}, LogType="Tail")

    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert [line.split(" ")[0] for line in tail if not line.startswith("INIT")] == [
        "START",
        "got",
        "END",
        "REPORT",
    ]
    request_id = tail[-1].split("\t")[0].removeprefix("REPORT RequestId: ")
    logs = probe.client("logs")

    def lines() -> list[str]:
        group = f"/aws/lambda/{record_upload}"
        events = logs.filter_log_events(logGroupName=group, filterPattern="")["events"]
        found = [event["message"] for event in events]
        return found if any(f"REPORT RequestId: {request_id}" in line for line in found) else []

    assert any("in the log" in line for line in eventually(lines))


def test_all_that_was_printed_comes_before_the_report(
    probe: Laptop, inline: Callable[..., str]
) -> None:
    source = "def handler(event, context):\n    for n in range(20000): print('line', n)"

    _, answer = invoke(probe, inline(source, Timeout=20), {}, LogType="Tail")

    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert tail[-3] == "line 19999"
    assert tail[-2].startswith("END") and tail[-1].startswith("REPORT")


def test_a_structured_log_is_json_from_the_first_line_to_the_last(
    probe: Laptop, inline: Callable[..., str], eventually: Callable[..., Any]
) -> None:
    source = "import logging\ndef handler(event, context): logging.warning('seen')"
    name = inline(source, LoggingConfig={"LogFormat": "JSON", "LogGroup": "/own/group"})

    _, answer = invoke(probe, name, {}, LogType="Tail")

    tail = [json.loads(line) for line in base64.b64decode(answer["LogResult"]).splitlines()]
    assert tail[-1]["type"] == "platform.report"
    assert any(line.get("message") == "seen" for line in tail)
    logs = probe.client("logs")
    groups = eventually(lambda: logs.describe_log_groups(logGroupNamePrefix="/own")["logGroups"])
    assert [group["logGroupName"] for group in groups] == ["/own/group"]


def test_a_function_that_does_not_exist_is_not_found(probe: Laptop) -> None:
    with pytest.raises(ClientError) as caught:
        invoke(probe, "nobody", {})

    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_dry_run_runs_nothing(probe: Laptop, misbehave: str) -> None:
    body, answer = invoke(probe, misbehave, {"how": "raise"}, InvocationType="DryRun")

    assert answer["StatusCode"] == 204
    assert "FunctionError" not in answer
    assert body is None


def test_a_payload_that_is_no_json_is_refused(probe: Laptop, misbehave: str) -> None:
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        probe.client("lambda").invoke(FunctionName=misbehave, Payload=b"{")


def test_reserved_concurrency_refuses_the_next(probe: Laptop, inline: Callable[..., str]) -> None:
    name = inline("import time\ndef handler(event, context): time.sleep(1.5)")
    client = probe.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    running = threading.Thread(target=invoke, args=(probe, name, {}))
    running.start()
    time.sleep(0.5)

    with pytest.raises(ClientError) as caught:
        invoke(probe, name, {})

    running.join()
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert invoke(probe, name, {})[1]["StatusCode"] == 200


def test_a_failed_event_is_retried_then_sent_to_its_destination_and_queue(
    probe: Laptop, misbehave: str, eventually: Callable[..., Any]
) -> None:
    sqs = probe.client("sqs")

    _, answer = invoke(probe, misbehave, {"how": "raise"}, InvocationType="Event")

    assert answer["StatusCode"] == 202
    url = probe.outputs["FailedQueueUrl"]
    failed = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    record = json.loads(failed[0]["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2  # MaximumRetryAttempts: 1
    assert record["requestPayload"] == {"how": "raise"}
    assert record["responsePayload"]["errorType"] == "ValueError"
    assert record["responseContext"]["functionError"] == "Unhandled"
    buried = eventually(
        lambda: sqs.receive_message(
            QueueUrl=probe.outputs["UndeliveredQueueUrl"], MessageAttributeNames=["All"]
        ).get("Messages")
    )
    assert json.loads(buried[0]["Body"]) == {"how": "raise"}
    assert buried[0]["MessageAttributes"]["ErrorMessage"]["StringValue"] == "as asked"


def test_lambda_publishes_its_metrics(probe: Laptop, inline: Callable[..., str]) -> None:
    name = inline("def handler(event, context): return event['n'] / event['d']")

    for divisor in (1, 1, 0):
        invoke(probe, name, {"n": 1, "d": divisor})

    cloudwatch = probe.client("cloudwatch")

    def total(metric: str) -> float:
        return sum(
            point["Sum"]
            for point in cloudwatch.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=metric,
                Dimensions=[{"Name": "FunctionName", "Value": name}],
                StartTime=time.time() - 3600,
                EndTime=time.time() + 60,
                Period=60,
                Statistics=["Sum"],
            )["Datapoints"]
        )

    assert total("Invocations") == 3
    assert total("Errors") == 1


def test_unpacked_code_is_not_writable_state_of_the_repository(
    probe: Laptop, record_upload: str, root: Path
) -> None:
    answer, _ = invoke(probe, record_upload, {})

    assert not Path(answer["directory"]).is_relative_to(root / "tests")
