"""Whether SageMaker may fetch a container's image, and its metrics be kept, in a role's name.

https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html: what CreateTrainingJob and
CreateModel ask of the execution role. No image is fetched here.
"""

from __future__ import annotations

import re

from local.iam.authority import Refused, require
from local.iam.principals import PARTITION, Session
from local.runtime.runtime import Runtime
from local.runtime.runtime_log import say

_REPOSITORY = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[a-z0-9.]+/([^:@]+)")
_LAYERS = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")


def require_pull(runtime: Runtime, role: str, image: str) -> None:
    """Raises Refused, in SageMaker's words. An image that is not in ECR asks nobody."""
    found = _REPOSITORY.match(image)
    if found is None:
        return
    account, region, name = found.groups()
    session = Session(role, "SageMaker")
    repository = f"arn:{PARTITION}:ecr:{region}:{account}:repository/{name}"
    try:
        require(runtime, session, "ecr:GetAuthorizationToken", "*")
        for action in _LAYERS:
            require(runtime, session, f"ecr:{action}", repository)
    except Refused as error:
        raise Refused(
            "Cannot pull algorithm container. Either the image does not exist or its permissions "
            f"are incorrect. {error}"
        ) from error


def may_put_metrics(runtime: Runtime, role: str, namespace: str) -> bool:
    """Whether the role's metrics reach CloudWatch; where not, they are lost, and nobody fails."""
    facts = {"cloudwatch:namespace": [namespace]}
    try:
        require(runtime, Session(role, "SageMaker"), "cloudwatch:PutMetricData", "*", facts)
    except Refused as error:
        say(f"metrics are lost: {error}")
        return False
    return True
