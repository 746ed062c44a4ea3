"""What is too much for Step Functions ends an execution, and no Catch sees it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.eval.event.event_manager import (
    EventHistoryContext,
    EventManager,
)
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from tests.integration.interpreter.conftest import Platform, wait_for

LIMIT = 262_144
HISTORY_FULL = "The execution reached the maximum number of history events (25000)."
CAUGHT = {"ErrorEquals": ["States.ALL"], "Output": "caught", "Next": "Caught"}


def machine(state: dict[str, Any]) -> dict[str, Any]:
    states = {"Only": {"End": True, **state}, "Caught": {"Type": "Pass", "End": True}}
    return {"StartAt": "Only", "States": states}


def text(size: int) -> str:
    """An expression whose value has that many bytes as JSON: its two quotes are among them."""
    return f"{{% $pad('', {size - 2}, 'x') %}}"


def children(output: str, count: int) -> dict[str, Any]:
    return {
        "Type": "Map",
        "Items": [{}] * count,
        "MaxConcurrency": 1,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Give",
            "States": {"Give": {"Type": "Pass", "Output": output, "End": True}},
        },
        "Output": "{% $count($states.result) %}",
        "Catch": [CAUGHT],
    }


@pytest.mark.parametrize(
    ("over", "status", "error"),
    [(0, "SUCCEEDED", None), (1, "FAILED", "States.DataLimitExceeded")],
)
def test_a_states_output_has_at_most_256_kilobytes(
    platform: Platform, over: int, status: str, error: str | None
) -> None:
    ended = platform.run(machine({"Type": "Pass", "Output": text(LIMIT + over)}))

    assert (ended["status"], ended.get("error")) == (status, error)


def test_bytes_count_not_characters(platform: Platform) -> None:
    expression = "{% $pad('', 131072, 'é') %}"  # and two quotes

    ended = platform.run(machine({"Type": "Pass", "Output": expression}))

    assert ended["error"] == "States.DataLimitExceeded"


def test_nor_may_what_a_task_is_given_be_larger(platform: Platform) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sns:publish",
        "Arguments": {"TopicArn": "arn:aws:sns:us-east-1:1:none", "Message": text(LIMIT)},
        "Catch": [CAUGHT],
    }

    ended = platform.run(machine(task))

    assert ended["error"] == "States.DataLimitExceeded"


def test_nor_what_it_gives(platform: Platform) -> None:
    table = "limits-of-results"
    client = platform.client("dynamodb")
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )
    client.put_item(TableName=table, Item={"key": {"S": "a"}, "much": {"S": "x" * LIMIT}})
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Arguments": {"TableName": table, "Key": {"key": {"S": "a"}}},
        "Output": {},
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60}],
        "Catch": [CAUGHT],
    }

    ended = platform.run(machine(task))

    assert (ended["status"], ended["error"]) == ("FAILED", "States.DataLimitExceeded")
    assert "exceeding the maximum number of bytes service limit" in ended["cause"]


def test_all_results_of_a_distributed_map_are_one(platform: Platform) -> None:
    """Before its Output is looked at, which may be small."""
    fits = platform.run(machine(children(text(1000), 261)))
    does_not = platform.run(machine(children(text(1000), 263)))

    assert (fits["status"], fits["output"]) == ("SUCCEEDED", "261")
    assert (does_not["status"], does_not["error"]) == ("FAILED", "States.DataLimitExceeded")
    assert "'Only'" in does_not["cause"]


def test_a_childs_own_output_is_a_failure_of_the_child(platform: Platform) -> None:
    execution = platform.start(machine(children(text(LIMIT + 1), 1)))

    assert platform.finish(execution)["output"] == '"caught"'
    client = platform.client("stepfunctions")
    [run] = client.list_map_runs(executionArn=execution)["mapRuns"]
    [child] = client.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    described = client.describe_execution(executionArn=child["executionArn"])
    assert (described["status"], described["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_no_execution_starts_with_a_larger_input(platform: Platform) -> None:
    arn = platform.state_machine(machine({"Type": "Pass"}))

    with pytest.raises(ClientError) as raised:
        platform.client("stepfunctions").start_execution(
            stateMachineArn=arn, input=f'"{"é" * (LIMIT // 2)}"'
        )

    assert raised.value.response["Error"]["Code"] == "ValidationException"


def fill(platform: Platform, execution: str, events: int) -> None:
    """So many events in the history of an execution that waits."""
    client = platform.client("stepfunctions")
    wait_for(
        lambda: client.get_execution_history(executionArn=execution)["events"],
        lambda found: any(event["type"] == "WaitStateEntered" for event in found),
    )
    backend = stepfunctions_parser_backends["123456789012"][platform.runtime.region]
    history: EventManager = backend.describe_execution(execution).exec_worker.env.event_manager
    context = EventHistoryContext.of_program_start()
    while len(history._history_event_list) < events:
        history.add_event(context, HistoryEventType.WaitStateEntered)


@pytest.mark.parametrize("fits", [True, False])
def test_the_25000th_event_is_the_end_whatever_is_caught(platform: Platform, fits: bool) -> None:
    """Given an execution that has nearly used up its history, then it succeeds with the last event
    or is ended where AWS ends it, in a branch whose state catches everything."""
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 2, "End": True}}}
    client = platform.client("stepfunctions")
    execution = platform.start(
        machine({"Type": "Parallel", "Branches": [wait], "Catch": [CAUGHT], "Output": {}})
    )
    # The end of the wait, of the parallel state's branches and of that state are three.
    fill(platform, execution, 24_999 - 3 + (0 if fits else 1))

    ended = platform.finish(execution)

    last, before = client.get_execution_history(
        executionArn=execution, reverseOrder=True, maxResults=2
    )["events"]
    assert (last["id"], before["id"]) == (25_000, 24_999)
    if fits:
        assert (ended["status"], last["type"]) == ("SUCCEEDED", "ExecutionSucceeded")
        return
    assert (ended["status"], last["type"]) == ("FAILED", "ExecutionFailed")
    assert (ended["error"], ended["cause"]) == ("States.Runtime", HISTORY_FULL)
