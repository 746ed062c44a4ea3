"""What Step Functions asks of a state machine's role when the machine is made or changed.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html and
https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html: the
role delivers the logs itself, and hears of the jobs and executions that `.sync` states wait for by
rules of EventBridge that are made in its name.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.iam.need import Need
from local.iam.operations import Call
from local.iam.principals import PARTITION, Session
from local.runtime.runtime import ACCOUNT, REGION

_DELIVERY = (
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery"),
    *("logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy"),
    *("logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
)
_RULES = {
    "sagemaker:createTrainingJob": "SageMakerTrainingJobs",
    "sagemaker:createHyperParameterTuningJob": "SageMakerTuningJobs",
    "sagemaker:createTransformJob": "SageMakerTransformJobs",
    "states:startExecution": "StepFunctionsExecution",
}
_HEARING = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


@dataclasses.dataclass(frozen=True)
class Arrangement:
    """Something that the role must be able to arrange, and what AWS says where it cannot."""

    role: Session
    needs: Sequence[Need]
    refusal: str


def of(call: Call) -> Iterator[Arrangement]:
    """For CreateStateMachine and UpdateStateMachine with a role."""
    role_arn = call.parameters.get("roleArn")
    if call.service != "states" or not role_arn or "StateMachine" not in call.operation:
        return
    role = Session(str(role_arn), "StepFunctions")
    logging = call.parameters.get("loggingConfiguration") or {}
    if logging.get("level", "OFF") != "OFF":
        yield Arrangement(
            role,
            [Need(action, "*") for action in _DELIVERY],
            "The state machine IAM Role is not authorized to access the Log Destination",
        )
    for rule in sorted(_managed_rules(str(call.parameters.get("definition") or "{}"))):
        arn = f"arn:{PARTITION}:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventsFor{rule}Rule"
        yield Arrangement(
            role,
            [Need(action, arn) for action in _HEARING],
            f"'{role_arn}' is not authorized to create managed-rule.",
        )


def _managed_rules(definition: str) -> set[str]:
    try:
        resources = list(_resources(json.loads(definition)))
    except ValueError:
        return set()  # the service says so itself
    waited = [each.partition(":states:::")[2] for each in resources if ".sync" in each]
    names = (each.partition(".sync")[0] for each in waited)
    return {_RULES[name] for name in names if name in _RULES}  # the service refuses the rest


def _resources(part: Any) -> Iterator[str]:
    items = part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ()
    if isinstance(part, Mapping) and isinstance(part.get("Resource"), str):
        yield part["Resource"]
    for item in items:
        yield from _resources(item)
