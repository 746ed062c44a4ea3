"""What Application Auto Scaling asks of its caller, beyond its own actions, before it arranges for
an endpoint to be scaled: the right to do it oneself.

https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from moto.iam.models import iam_backends
from moto.sagemaker.models import sagemaker_backends

from local.iam.need import Need
from local.iam.operations import Call
from local.iam.principals import PARTITION
from local.runtime.runtime import ACCOUNT, REGION

_VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"
SERVICE_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"


def of(call: Call) -> Iterator[Need]:
    """Of endpoints alone: what else is scaled, this system does not have."""
    if call.service != "application-autoscaling":
        return
    variant = _VARIANT.fullmatch(str(call.parameters.get("ResourceId", "")))
    if variant is None:
        return
    alarms = f"arn:{PARTITION}:cloudwatch:{REGION}:{ACCOUNT}:alarm:TargetTracking-{variant[0]}-*"
    if call.operation == "RegisterScalableTarget":
        yield from _registration(variant[1])
    elif call.operation in ("PutScalingPolicy", "DeleteScalingPolicy"):
        if call.operation == "PutScalingPolicy":
            yield Need("cloudwatch:PutMetricAlarm", alarms)
        yield Need("cloudwatch:DescribeAlarms", _everything("alarm"))
        yield Need("cloudwatch:DeleteAlarms", alarms)
    elif call.operation == "DeregisterScalableTarget":  # with its policies, whose alarms go
        yield Need("cloudwatch:DescribeAlarms", _everything("alarm"))
        yield Need("cloudwatch:DeleteAlarms", alarms)


def _registration(endpoint: str) -> Iterator[Need]:
    arn = f"arn:{PARTITION}:sagemaker:{REGION}:{ACCOUNT}"
    yield Need("sagemaker:DescribeEndpoint", f"{arn}:endpoint/{endpoint}")
    found: Any = sagemaker_backends[ACCOUNT][REGION].endpoints.get(endpoint)
    if found is not None:
        config = f"{arn}:endpoint-config/{found.endpoint_config_name}"
        yield Need("sagemaker:DescribeEndpointConfig", config)
    yield Need("sagemaker:UpdateEndpointWeightsAndCapacities", f"{arn}:endpoint/{endpoint}")
    if all(role.name != SERVICE_ROLE for role in iam_backends[ACCOUNT][PARTITION].roles.values()):
        role = f"arn:{PARTITION}:iam::{ACCOUNT}:role/aws-service-role/{_SERVICE}/{SERVICE_ROLE}"
        yield Need("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": [_SERVICE]})


def _everything(kind: str) -> str:
    return f"arn:{PARTITION}:cloudwatch:{REGION}:{ACCOUNT}:{kind}:*"
