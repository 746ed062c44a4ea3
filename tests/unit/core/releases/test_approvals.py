from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from sonoflow.aws.clients import client
from sonoflow.errors import ApprovalEarly, PayloadInvalid
from sonoflow.releases import approvals
from tests.unit import stack

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/sonoflow-classifier/2"
TABLE = "sonoflow-locks"
NOW = datetime.datetime.now(datetime.UTC)


@pytest.fixture
def answered(aws: None) -> Iterator[dict[str, Stubber]]:
    """The services that the function asks, each with what it is to be asked and to answer."""
    stubs = {name: Stubber(client(name)) for name in ("dynamodb", "sagemaker", "stepfunctions")}
    for stub in stubs.values():
        stub.activate()
    yield stubs
    for stub in stubs.values():
        stub.assert_no_pending_responses()
        stub.deactivate()


def holds(stubs: dict[str, Stubber], item: dict[str, Any] | None) -> None:
    """The table, of a release."""
    asked = {"TableName": TABLE, "Key": {"endpoint": {"S": ARN}}, "ConsistentRead": True}
    stubs["dynamodb"].add_response("get_item", {"Item": item} if item else {}, asked)


WAITING = {"endpoint": {"S": ARN}, "token": {"S": "the-token"}}


def package(stubs: dict[str, Stubber], status: str, **more: Any) -> None:
    """The registry, of the package."""
    described = {
        "ModelPackageName": "sonoflow-classifier",
        "ModelPackageArn": ARN,
        "CreationTime": NOW - datetime.timedelta(hours=1),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "ModelApprovalStatus": status,
        **more,
    }
    stubs["sagemaker"].add_response("describe_model_package", described, {"ModelPackageName": ARN})


def test_an_approved_model_goes_on(answered: dict[str, Stubber]) -> None:
    holds(answered, WAITING)
    package(answered, "Approved", ApprovalDescription="read by A.")
    answered["stepfunctions"].add_response(
        "send_task_success", {}, {"taskToken": "the-token", "output": '{"said": "read by A."}'}
    )

    answer = approvals.settle(stack.event("settle_approval.approved"), TABLE)

    assert answer == {"package": ARN, "status": "Approved", "heard": True}


def test_a_rejected_one_ends_with_the_persons_reason(answered: dict[str, Stubber]) -> None:
    holds(answered, WAITING)
    package(answered, "Rejected", ApprovalDescription="misses cysts")
    answered["stepfunctions"].add_response(
        "send_task_failure",
        {},
        {
            "taskToken": "the-token",
            "error": "ModelRejected",
            "cause": "a person has rejected it: misses cysts",
        },
    )

    assert approvals.settle(stack.event("settle_approval.rejected"), TABLE)["heard"] is True


def test_an_event_that_was_overtaken_says_what_holds_by_now(answered: dict[str, Stubber]) -> None:
    holds(answered, WAITING)
    package(answered, "Rejected")
    answered["stepfunctions"].add_response(
        "send_task_failure",
        {},
        {
            "taskToken": "the-token",
            "error": "ModelRejected",
            "cause": "a person has rejected it: no reason given",
        },
    )

    approvals.settle(stack.event("settle_approval.approved"), TABLE)


@pytest.mark.parametrize("code", ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"])
def test_a_release_that_is_over_hears_nothing_and_that_is_no_error(
    answered: dict[str, Stubber], code: str
) -> None:
    """Approved after three days, or an event that comes twice."""
    holds(answered, WAITING)
    package(answered, "Approved")
    answered["stepfunctions"].add_client_error("send_task_success", code)

    assert approvals.settle(stack.event("settle_approval.approved"), TABLE)["heard"] is False


def test_what_is_decided_before_its_release_waits_comes_again(answered: dict[str, Stubber]) -> None:
    holds(answered, None)
    awaited = {"approval": "awaited"}
    just_now = datetime.datetime.now(datetime.UTC)
    package(answered, "Approved", CreationTime=just_now, CustomerMetadataProperties=awaited)

    with pytest.raises(ApprovalEarly, match="sonoflow-classifier/2"):
        approvals.settle(stack.event("settle_approval.approved"), TABLE)


@pytest.mark.parametrize(
    "more",
    [
        {"CreationTime": NOW},
        {"CustomerMetadataProperties": {"approval": "awaited"}},
    ],
    ids=["nobody was asked", "long ago"],
)
def test_what_no_release_waits_for_is_nobodys_matter(
    answered: dict[str, Stubber], more: dict[str, Any]
) -> None:
    """A release's own approval, once its endpoint has passed the probe, is told of too."""
    holds(answered, None)
    package(answered, "Approved", **more)

    assert approvals.settle(stack.event("settle_approval.approved"), TABLE)["heard"] is False


def test_a_package_that_still_waits_is_left_alone(answered: dict[str, Stubber]) -> None:
    event = stack.event("settle_approval.approved")
    event["detail"]["ModelApprovalStatus"] = "PendingManualApproval"

    assert approvals.settle(event, TABLE)["heard"] is False


def test_an_event_without_its_package_is_an_error_that_names_it(
    answered: dict[str, Stubber],
) -> None:
    with pytest.raises(PayloadInvalid, match=r"detail\.ModelPackageArn"):
        approvals.settle(stack.event("settle_approval.bad_package"), TABLE)
