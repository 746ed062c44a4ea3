from __future__ import annotations

from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID

from functions.settle_approval.app import handler
from sonoflow.aws.clients import client
from sonoflow.errors import PayloadInvalid
from tests.unit import stack

TABLE = "sonoflow-locks"


@pytest.fixture(autouse=True)
def registry(aws: None, settings_env: pytest.MonkeyPatch) -> None:
    """Two packages that nobody waits for, and the table of locks, empty."""
    settings_env.setenv("LOCKS_TABLE_NAME", TABLE)
    assert DEFAULT_ACCOUNT_ID == "123456789012"
    client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "endpoint", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "endpoint", "KeyType": "HASH"}],
    )
    sagemaker = client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="sonoflow-classifier")
    for _ in range(2):
        sagemaker.create_model_package(
            ModelPackageGroupName="sonoflow-classifier", ModelApprovalStatus="PendingManualApproval"
        )


@pytest.mark.parametrize("event", ["settle_approval.approved", "settle_approval.rejected"])
def test_what_no_release_waits_for_is_answered_all_the_same(context: Any, event: str) -> None:
    given = stack.event(event)

    assert handler(given, context) == {
        "package": given["detail"]["ModelPackageArn"],
        "status": given["detail"]["ModelApprovalStatus"],
        "heard": False,
    }


def test_an_event_without_its_package_is_an_error_that_names_it(context: Any) -> None:
    with pytest.raises(PayloadInvalid, match=r"detail\.ModelPackageArn"):
        handler(stack.event("settle_approval.bad_package"), context)
