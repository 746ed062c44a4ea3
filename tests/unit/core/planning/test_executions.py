from __future__ import annotations

from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from sonoflow.aws.clients import client
from sonoflow.planning import executions
from tests.unit import stack

RUN = "busi-0a1b2c3d4e5f"
EXECUTION = f"{stack.STATE_MACHINE_ARN.replace(':stateMachine:', ':execution:')}:{RUN}"


def start(version_id: str | None) -> str | None:
    payload: dict[str, Any] = {"upload": {"version_id": version_id}}
    return executions.start_once(stack.STATE_MACHINE_ARN, RUN, payload)


def stop() -> None:
    client("stepfunctions").stop_execution(executionArn=EXECUTION)


def names() -> set[str]:
    return {execution["name"] for execution in stack.executions()}


def test_the_first_upload_starts_an_execution_named_after_its_content(aws: None) -> None:
    assert start("v1") == RUN
    assert stack.executions()[0]["input"] == {"run": RUN, "upload": {"version_id": "v1"}}


def test_another_upload_of_the_same_content_is_known_while_the_first_runs(aws: None) -> None:
    start("v1")

    assert start("v2") is None
    assert names() == {RUN}


def test_the_same_upload_told_again_is_known_while_its_run_goes_on(aws: None) -> None:
    """StartExecution would succeed then, and start nothing."""
    start("v1")

    assert start("v1") is None
    assert names() == {RUN}


def test_an_execution_that_cannot_be_seen_yet_is_known_all_the_same(aws: None) -> None:
    """DescribeExecution may be late; then StartExecution says that the name is taken."""
    start("v1")
    asked: list[str] = []

    def late(**_: Any) -> Any:
        asked.append("")
        if len(asked) > 1:
            return None
        answer = {"Error": {"Code": "ExecutionDoesNotExist"}, "ResponseMetadata": {}}
        return AWSResponse("", 400, {}, None), answer

    events, call = client("stepfunctions").meta.events, "before-call.sfn.DescribeExecution"
    events.register(call, late)
    try:
        assert start("v2") is None
    finally:
        events.unregister(call, late)

    assert len(asked) == 2
    assert names() == {RUN}


def test_after_a_failure_another_upload_gets_another_attempt_once(aws: None) -> None:
    start("v1")
    stop()

    attempt = start("v2")

    assert attempt == f"{RUN}-fb04dc"  # of the SHA-256 of "v2"
    assert start("v2") is None
    assert names() == {RUN, attempt}


def test_after_a_failure_the_same_upload_does_not_start_again(aws: None) -> None:
    """EventBridge delivers at least once: only a person can ask for another attempt."""
    start("v1")
    stop()

    assert start("v1") is None
    assert names() == {RUN}


def test_without_versions_a_failed_run_is_not_repeated(aws: None) -> None:
    start(None)
    stop()

    assert start(None) is None


def test_other_errors_escape(aws: None) -> None:
    missing = stack.STATE_MACHINE_ARN + "-that-is-not-there"

    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        executions.start_once(missing, RUN, {"upload": {"version_id": "v1"}})
