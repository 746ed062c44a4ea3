"""Starting the training of a data set, once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow.aws.clients import client

_UNSUCCESSFUL = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})


def start_once(state_machine_arn: str, run: str, payload: Mapping[str, Any]) -> str | None:
    """Starts an execution named after its content, or None if it is known already.

    The input is `payload` with `run`, the execution's name, in front. Whoever uploads the same
    content again after an execution failed wants another attempt and gets one; an event that is
    delivered again names the same version of the upload and does not.
    """
    known = _find(state_machine_arn, run)
    if known is None:
        if _start(state_machine_arn, run, payload):
            return run
        known = _find(state_machine_arn, run)  # another delivery was quicker
    version_id = payload["upload"]["version_id"]
    if version_id is None or known is None or not _failed_with_another(known, version_id):
        return None
    attempt = f"{run}-{hashlib.sha256(version_id.encode()).hexdigest()[:6]}"
    if _find(state_machine_arn, attempt) is not None:
        return None
    return attempt if _start(state_machine_arn, attempt, payload) else None


def _find(state_machine_arn: str, name: str) -> Mapping[str, Any] | None:
    """The execution, if there is one. Starting it again would not show that: while it runs, that
    succeeds and starts nothing."""
    arn = f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    try:
        found: Mapping[str, Any] = client("stepfunctions").describe_execution(executionArn=arn)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return None
        raise
    return found


def _start(state_machine_arn: str, name: str, payload: Mapping[str, Any]) -> bool:
    text = json.dumps({"run": name, **payload}, ensure_ascii=False)
    try:
        client("stepfunctions").start_execution(
            stateMachineArn=state_machine_arn, name=name, input=text
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
            return False
        raise
    return True


def _failed_with_another(execution: Mapping[str, Any], version_id: str) -> bool:
    known = json.loads(execution["input"])["upload"]["version_id"]
    return execution["status"] in _UNSUCCESSFUL and known != version_id
