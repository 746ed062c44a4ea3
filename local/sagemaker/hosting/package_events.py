"""What EventBridge hears of a model package: that it is there, and what is decided of it.

moto sends nothing. AWS, to the default bus:
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.core.utils import utcnow
from moto.events.models import events_backends
from moto.sagemaker.models import ModelPackage

from local.runtime.runtime import ACCOUNT, REGION

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def send(package: ModelPackage) -> None:
    for rule in list(events_backends[ACCOUNT][REGION].event_buses["default"].rules.values()):
        rule.send_to_targets(event(package))


def event(package: ModelPackage) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker",
        "account": ACCOUNT,
        "time": utcnow().strftime(_TIME),
        "region": REGION,
        "resources": [package.arn],
        "detail": {
            "ModelPackageGroupName": package.model_package_group_name,
            "ModelPackageVersion": package.model_package_version,
            "ModelPackageArn": package.arn,
            "CreationTime": package.creation_time.strftime(_TIME),
            "InferenceSpecification": package.inference_specification,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": package.model_package_status_details,
            "ModelApprovalStatus": package.model_approval_status,
            "CustomerMetadataProperties": package.customer_metadata_properties or {},
            "ApprovalDescription": package.approval_description,
        },
    }
