"""Task states that invoke functions, on a whole laptop runtime."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from local.laptop.client import Laptop
from tests.integration.roles import role


def run(laptop: Laptop, state: dict[str, Any], value: Any = None) -> dict[str, Any]:
    """Execute a machine of one state (and Caught, which passes its input on) to its end."""
    name = f"machine-{uuid.uuid4().hex[:12]}"
    arn = role(laptop, name, "states.amazonaws.com", "lambda:InvokeFunction")
    states, client = (
        {"Call": state, "Caught": {"Type": "Pass", "End": True}},
        laptop.client("stepfunctions"),
    )
    machine = client.create_state_machine(
        name=name,
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Call", "States": states}),
        roleArn=arn,
    )
    execution = client.start_execution(
        stateMachineArn=machine["stateMachineArn"], input=json.dumps(value or {})
    )
    deadline = time.monotonic() + 30
    while True:
        description: dict[str, Any] = client.describe_execution(
            executionArn=execution["executionArn"]
        )
        if description["status"] != "RUNNING":
            return description
        assert time.monotonic() < deadline, description
        time.sleep(0.05)


def invoke(function: str, payload: Any, **fields: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": payload},
        "End": True,
        **fields,
    }


@pytest.fixture
def misbehave(probe: Laptop) -> str:
    return probe.outputs["MisbehaveFunctionName"]


def caught(name: str) -> list[dict[str, Any]]:
    return [{"ErrorEquals": [name], "Output": "{% $states.errorOutput %}", "Next": "Caught"}]


def test_payloads_go_in_and_come_out_as_json(probe: Laptop, misbehave: str) -> None:
    payload = {"how": "sleep", "seconds": "{% $states.input.seconds %}"}

    description = run(
        probe,
        invoke(misbehave, payload, Output="{% $states.result.Payload %}"),
        {"seconds": 0.01},
    )

    assert description["status"] == "SUCCEEDED", description
    assert json.loads(description["output"]) == {"slept": 0.01}


def test_the_whole_result_has_awss_members(probe: Laptop, misbehave: str) -> None:
    state = invoke(misbehave, {"how": "nothing"}, Output="{% $keys($states.result) %}")

    members = json.loads(run(probe, state)["output"])

    assert {"ExecutedVersion", "Payload", "StatusCode"} <= set(members)


@pytest.mark.parametrize("name", ["ValueError", "States.TaskFailed", "States.ALL"])
def test_a_raised_error_is_caught_by_its_class_name(
    probe: Laptop, misbehave: str, name: str
) -> None:
    state = invoke(misbehave, {"how": "raise"}, Catch=caught(name))

    error = json.loads(run(probe, state)["output"])

    assert error["Error"] == "ValueError"
    assert json.loads(error["Cause"])["errorMessage"] == "as asked"


def test_an_uncaught_error_fails_the_execution(probe: Laptop, misbehave: str) -> None:
    description = run(probe, invoke(misbehave, {"how": "raise"}))

    assert (description["status"], description["error"]) == ("FAILED", "ValueError")
    assert json.loads(description["cause"])["errorType"] == "ValueError"


def test_a_process_that_dies_is_an_error_too(probe: Laptop, misbehave: str) -> None:
    assert run(probe, invoke(misbehave, {"how": "exit"}))["error"] == "Runtime.ExitError"


def test_a_missing_function_is_lambdas_own_error(probe: Laptop) -> None:
    description = run(probe, invoke("no-such-function", {}))

    assert description["error"] == "Lambda.ResourceNotFoundException"


def test_an_argument_that_invoke_does_not_take_fails(probe: Laptop, misbehave: str) -> None:
    state = invoke(misbehave, {"how": "nothing"})
    state["Arguments"]["Nonsense"] = 1

    description = run(probe, state)

    assert description["error"] == "States.Runtime"
    assert "not Nonsense" in description["cause"]


def test_a_state_that_takes_too_long_times_out(probe: Laptop, misbehave: str) -> None:
    state = invoke(misbehave, {"how": "sleep", "seconds": 5}, TimeoutSeconds=1)

    assert run(probe, state)["error"] == "States.Timeout"
