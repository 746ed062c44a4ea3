"""A distributed map's children are executions, which are found the way AWS offers it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.interpreter.conftest import Platform, wait_for

FAIL = {"Type": "Fail", "Error": "Refused", "Cause": "{% 'it is ' & $states.input.kind %}"}


def machine(*, concurrency: int = 1, tolerated: int = 0) -> dict[str, Any]:
    """Children that pass, fail or wait, as their item says."""
    kinds = [
        {"Condition": "{% $states.input.kind = 'bad' %}", "Next": "Refuse"},
        {"Condition": "{% $states.input.kind = 'slow' %}", "Next": "Linger"},
    ]
    states = {
        "Look": {"Type": "Choice", "Choices": kinds, "Default": "Accept"},
        "Refuse": FAIL,
        "Linger": {"Type": "Wait", "Seconds": 60, "Next": "Accept"},
        "Accept": {"Type": "Pass", "Output": "{% $states.context.Execution %}", "End": True},
    }
    children = {
        "Type": "Map",
        "Label": "Batches",
        "Items": "{% $states.input.kinds %}",
        "ItemSelector": {"kind": "{% $states.context.Map.Item.Value %}"},
        "MaxConcurrency": concurrency,
        "ToleratedFailureCount": tolerated,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Look",
            "States": states,
        },
        "End": True,
    }
    return {"StartAt": "Each", "States": {"Each": children}}


def run_of(platform: Platform, execution: str) -> dict[str, Any]:
    client = platform.client("stepfunctions")
    [listed] = client.list_map_runs(executionArn=execution)["mapRuns"]
    described: dict[str, Any] = client.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert described["executionArn"] == listed["executionArn"] == execution
    return described


def listed(platform: Platform, run: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    children: list[dict[str, Any]] = platform.client("stepfunctions").list_executions(
        mapRunArn=run["mapRunArn"], **more
    )["executions"]
    return children


def test_children_have_names_under_their_machine_and_label(platform: Platform) -> None:
    execution = platform.start(machine(), {"kinds": ["good", "good"]})
    ended = platform.finish(execution)

    run = run_of(platform, execution)
    children = listed(platform, run)

    name = ended["stateMachineArn"].rpartition(":")[2]
    assert run["mapRunArn"].startswith(
        ended["stateMachineArn"].replace(":stateMachine:", ":mapRun:") + "/Batches:"
    )
    assert run["status"] == "SUCCEEDED"
    assert run["itemCounts"]["succeeded"] == run["executionCounts"]["total"] == 2
    for child in children:
        assert f":execution:{name}/Batches:{child['name']}" in child["executionArn"]
        assert child["stateMachineArn"].endswith(f":stateMachine:{name}/Batches")
        assert child["startDate"] <= child["stopDate"] <= run["stopDate"]


def test_a_child_is_an_execution_of_its_own(platform: Platform) -> None:
    execution = platform.start(machine(), {"kinds": ["good"]})
    [own] = json.loads(platform.finish(execution)["output"])

    [child] = listed(platform, run_of(platform, execution))

    assert own["Id"] == child["executionArn"]
    assert own["Input"] == {"kind": "good"}


def test_the_reason_of_a_failed_child_is_in_its_description_and_its_history(
    platform: Platform,
) -> None:
    execution = platform.start(machine(), {"kinds": ["good", "bad", "good"]})
    platform.finish(execution)
    client = platform.client("stepfunctions")

    run = run_of(platform, execution)
    [failed] = listed(platform, run, statusFilter="FAILED")
    described = client.describe_execution(executionArn=failed["executionArn"])
    [last] = client.get_execution_history(
        executionArn=failed["executionArn"], reverseOrder=True, maxResults=1
    )["events"]

    reason = {"error": "Refused", "cause": "it is bad"}
    assert run["status"] == "FAILED"
    assert run["itemCounts"] | {"succeeded": 1, "failed": 1, "pending": 1} == run["itemCounts"]
    assert described | reason == described
    assert json.loads(described["input"]) == {"kind": "bad"}
    assert (last["type"], last["executionFailedEventDetails"]) == ("ExecutionFailed", reason)


def test_children_that_run_when_too_many_have_failed_are_aborted(platform: Platform) -> None:
    execution = platform.start(machine(concurrency=2), {"kinds": ["slow", "bad", "good"]})

    platform.finish(execution, 20)

    run = run_of(platform, execution)
    assert {child["status"] for child in listed(platform, run)} == {"ABORTED", "FAILED"}
    assert run["itemCounts"] | {"aborted": 1, "failed": 1, "pending": 1} == run["itemCounts"]


def test_so_are_those_of_an_execution_that_is_stopped(platform: Platform) -> None:
    execution = platform.start(machine(), {"kinds": ["slow", "good"]})
    client = platform.client("stepfunctions")
    wait_for(lambda: client.list_map_runs(executionArn=execution)["mapRuns"], bool)
    run = wait_for(
        lambda: run_of(platform, execution), lambda found: found["itemCounts"]["running"]
    )

    client.stop_execution(executionArn=execution)

    wait_for(lambda: run_of(platform, execution)["status"], lambda status: status != "RUNNING")
    assert run_of(platform, execution)["status"] == "ABORTED"
    [child] = listed(platform, run)
    assert child["status"] == "ABORTED"


def test_children_are_listed_in_pages_the_last_to_end_first(platform: Platform) -> None:
    execution = platform.start(machine(tolerated=9), {"kinds": ["bad"] * 5})
    platform.finish(execution)
    run = run_of(platform, execution)
    client = platform.client("stepfunctions")

    pages = client.get_paginator("list_executions").paginate(
        mapRunArn=run["mapRunArn"], PaginationConfig={"PageSize": 2}
    )
    sizes, stops = [], []
    for page in pages:
        sizes.append(len(page["executions"]))
        stops += [child["stopDate"] for child in page["executions"]]

    assert sizes == [2, 2, 1]
    assert stops == sorted(stops, reverse=True)


def test_a_selector_that_cannot_be_evaluated_fails_the_map_not_its_children(
    platform: Platform,
) -> None:
    definition = machine(tolerated=9)
    definition["States"]["Each"]["ItemSelector"] = {"kind": "{% $nothing %}"}
    execution = platform.start(definition, {"kinds": ["good", "good"]})

    ended = platform.finish(execution)

    assert ended["error"] == "States.QueryEvaluationError"
    assert listed(platform, run_of(platform, execution)) == []


@pytest.mark.parametrize("both", [True, False])
def test_executions_are_listed_of_a_machine_or_of_a_map_run(platform: Platform, both: bool) -> None:
    arn = platform.state_machine(machine())
    run = f"{arn.replace(':stateMachine:', ':mapRun:')}/Batches:{uuid.uuid4()}"

    with pytest.raises(ClientError) as raised:
        platform.client("stepfunctions").list_executions(
            **({"stateMachineArn": arn, "mapRunArn": run} if both else {})
        )
    with pytest.raises(ClientError) as unknown:
        platform.client("stepfunctions").describe_map_run(mapRunArn=run)

    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert unknown.value.response["Error"]["Code"] == "ResourceNotFound"
