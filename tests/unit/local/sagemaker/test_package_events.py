from __future__ import annotations

from typing import Any

import pytest
from moto.sagemaker.models import sagemaker_backends

from local.runtime.runtime import ACCOUNT, REGION
from local.sagemaker.hosting import package_events
from sonoflow.aws.clients import client
from tests.unit import stack


@pytest.mark.usefixtures("aws")
def test_an_event_has_the_shape_that_the_function_is_tested_with() -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="sonoflow-classifier")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName="sonoflow-classifier", ModelApprovalStatus="Approved"
    )["ModelPackageArn"]

    sent = package_events.event(sagemaker_backends[ACCOUNT][REGION].describe_model_package(arn))

    expected: dict[str, Any] = stack.event("settle_approval.approved")
    assert sent.keys() == expected.keys()
    assert sent["detail"].keys() == expected["detail"].keys()
    for name in ("detail-type", "source", "version"):
        assert sent[name] == expected[name]
    assert (sent["resources"], sent["detail"]["ModelPackageArn"]) == ([arn], arn)
    assert sent["detail"]["ModelApprovalStatus"] == "Approved"
