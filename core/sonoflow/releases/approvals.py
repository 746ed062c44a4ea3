"""What a person decides of a registered model, handed to the release that waits for it.

The release leaves its task token in the table of locks, under the package's ARN. The registry's
event says what was decided:
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import payloads
from sonoflow.aws.clients import client
from sonoflow.errors import ApprovalEarly

APPROVED, REJECTED = "Approved", "Rejected"
# Of a package's metadata: a release waits for a person, or will in a moment.
AWAITED = ("approval", "awaited")
# A package that was registered so lately may be decided on before its release waits.
_EARLY = datetime.timedelta(minutes=10)
# A token that is used up, or whose execution is over.
_OVER = frozenset({"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"})
_CAUSE_LIMIT = 1024


def settle(event: Mapping[str, Any], table: str) -> dict[str, Any]:
    """Which package, what was decided, and whether a release heard of it.

    Raises ApprovalEarly where its release does not wait yet: the event comes again. PayloadInvalid;
    errors of the services escape.
    """
    arn = payloads.field(event, "detail.ModelPackageArn", str)
    status = payloads.field(event, "detail.ModelApprovalStatus", str)
    answer = {"package": arn, "status": status, "heard": False}
    if status not in (APPROVED, REJECTED):
        return answer
    key = {"endpoint": {"S": arn}}
    found = client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    token = found.get("Item", {}).get("token", {}).get("S")
    described = client("sagemaker").describe_model_package(ModelPackageName=arn)
    if token is None:
        if "Item" not in found and _is_early(described):
            raise ApprovalEarly(f"no release waits yet for what is decided of {arn}")
        return answer
    # As it is by now: events overtake each other, and a person may think again.
    return {**answer, "heard": _tell(token, described)}


def _is_early(described: Mapping[str, Any]) -> bool:
    name, value = AWAITED
    if (described.get("CustomerMetadataProperties") or {}).get(name) != value:
        return False
    age = datetime.datetime.now(datetime.UTC) - described["CreationTime"]
    return bool(age < _EARLY)


def _tell(token: str, described: Mapping[str, Any]) -> bool:
    """Whether anybody was waiting for it."""
    states = client("stepfunctions")
    said = str(described.get("ApprovalDescription") or "no reason given")
    try:
        if described["ModelApprovalStatus"] == APPROVED:
            states.send_task_success(taskToken=token, output=json.dumps({"said": said}))
        elif described["ModelApprovalStatus"] == REJECTED:
            cause = f"a person has rejected it: {said}"[:_CAUSE_LIMIT]
            states.send_task_failure(taskToken=token, error="ModelRejected", cause=cause)
        else:
            return False
    except ClientError as error:
        if error.response["Error"]["Code"] in _OVER:
            return False
        raise
    return True
