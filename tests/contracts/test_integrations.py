"""What the state machines ask of AWS is what AWS has: services, actions, fields and errors."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel

from tests.contracts.conftest import states_of

MACHINES = ("train_images", "train_table", "release_model")
SDK = re.compile(r"aws-sdk:(?P<service>[a-z0-9]+):(?P<action>[a-z]\w+)(\.waitForTaskToken)?$")
# The optimised integrations in use, each with the fields that Step Functions documents of it. Of
# SageMaker's jobs a newer list is missing, and fields beside it are known to be taken.
# https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
OPTIMISED: Mapping[str, set[str] | None] = {
    "lambda:invoke": {"ClientContext", "FunctionName", "InvocationType", "Qualifier", "Payload"},
    "dynamodb:getItem": {
        "AttributesToGet",
        "ConsistentRead",
        "ExpressionAttributeNames",
        "Key",
        "ProjectionExpression",
        "ReturnConsumedCapacity",
        "TableName",
    },
    "dynamodb:updateItem": {
        "AttributeUpdates",
        "ConditionalOperator",
        "ConditionExpression",
        "Expected",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "Key",
        "ReturnConsumedCapacity",
        "ReturnItemCollectionMetrics",
        "ReturnValues",
        "TableName",
        "UpdateExpression",
    },
    "sns:publish": {
        "Message",
        "MessageAttributes",
        "MessageDeduplicationId",
        "MessageGroupId",
        "MessageStructure",
        "PhoneNumber",
        "Subject",
        "TargetArn",
        "TopicArn",
    },
    "states:startExecution.sync:2": {"Input", "Name", "StateMachineArn"},
    "sagemaker:createTrainingJob.sync": None,
    "sagemaker:createHyperParameterTuningJob.sync": None,
}
# Names of the SDK for Java's, in which errors are told, where they are not the service id's.
PREFIXES = {"sagemaker": "SageMaker", "sfn": "Sfn", "cloudwatchlogs": "CloudWatchLogs"}
PREFIXES |= {"dynamodb": "DynamoDb"}


@functools.cache
def operation(service: str, action: str) -> OperationModel | None:
    """As Step Functions names it: `applicationautoscaling`, `registerScalableTarget`."""
    session = botocore.session.get_session()
    names = {name.replace("-", ""): name for name in session.get_available_services()}
    names |= {"sfn": "stepfunctions", "cloudwatchlogs": "logs"}
    if service not in names:
        return None
    model = session.get_service_model(names[service])
    name = action[0].upper() + action[1:]
    return model.operation_model(name) if name in model.operation_names else None


def tasks(machine: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    for name, state in states_of(dict(machine)):
        if state["Type"] == "Task":
            yield name, state, state["Resource"].removeprefix("arn:${Partition}:states:::")


def sdk_calls(
    machine: Mapping[str, Any],
) -> Iterator[tuple[str, dict[str, Any], str, OperationModel]]:
    for name, state, resource in tasks(machine):
        if found := SDK.match(resource):
            model = operation(found["service"], found["action"])
            assert model is not None, (name, resource)
            yield name, state, found["service"], model


def pascal(name: str) -> str:
    return name[0].upper() + name[1:]


@pytest.mark.parametrize("machine", MACHINES)
def test_every_resource_is_one_that_aws_has(machines: dict[str, Any], machine: str) -> None:
    known = {name for name, *_ in sdk_calls(machines[machine])}
    for name, _, resource in tasks(machines[machine]):
        assert name in known or resource in OPTIMISED, (name, resource)


@pytest.mark.parametrize(
    "resource", ["aws-sdk:sfn:listMapRun", "aws-sdk:stepfunction:listMapRuns", "aws-sdk:sfn:x"]
)
def test_one_that_it_has_not_is_found(resource: str) -> None:
    found = SDK.match(resource)
    assert found is None or operation(found["service"], found["action"]) is None


@pytest.mark.parametrize("machine", MACHINES)
def test_a_request_has_the_fields_that_the_api_takes_and_needs(
    machines: dict[str, Any], machine: str
) -> None:
    """Where the request is composed in the machine; those of a plan are held against the service's
    model by the function that makes them. A field too many ends an execution, uncaught."""
    for name, state, _, model in sdk_calls(machines[machine]):
        if isinstance(state["Arguments"], dict):
            fields = {pascal(member): member for member in model.input_shape.members}
            needed = {pascal(member) for member in model.input_shape.required_members}
            assert needed <= set(state["Arguments"]) <= set(fields), name
    for name, state, resource in tasks(machines[machine]):
        documented = OPTIMISED.get(resource)
        if documented is not None:
            assert set(state["Arguments"]) <= documented, name


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_read_of_an_answer_is_in_it(machines: dict[str, Any], machine: str) -> None:
    for name, state, _, model in sdk_calls(machines[machine]):
        shape = model.output_shape
        members = set() if shape is None else {pascal(member) for member in shape.members}
        text = json.dumps([state.get(key) for key in ("Output", "Assign")])
        assert set(re.findall(r"\$states\.result\.(\w+)", text)) <= members, name


@pytest.mark.parametrize("machine", MACHINES)
def test_an_error_that_is_matched_is_one_that_the_call_may_have(
    machines: dict[str, Any], machine: str
) -> None:
    for name, state, service, model in sdk_calls(machines[machine]):
        prefix = PREFIXES.get(service) or model.service_model.service_id.replace(" ", "")
        declared = {error.name.removesuffix("Exception") for error in model.error_shapes}
        # What no service declares: its own base, and its throttling.
        declared |= {prefix, f"Amazon{prefix}", "Throttling"}
        known = {f"{prefix}.{error}Exception" for error in declared}
        for rule in state.get("Retry", []) + state.get("Catch", []):
            for error in rule["ErrorEquals"]:
                assert error.startswith("States.") or error in known, (name, error)


def test_a_release_may_look_up_the_images_that_it_registers(template: dict[str, Any]) -> None:
    """Unless they are an operator's own, which may lie anywhere."""
    resources = template["Resources"]
    planned = resources["PlanReleaseFunction"]["Properties"]["Environment"]["Variables"]
    images = [planned["SERVING_IMAGE_URI"], planned["LINEAR_LEARNER_IMAGE_URI"]["Fn::If"][2]]
    names = [re.findall(r"/([\w-]+):", json.dumps(image))[-1] for image in images]
    policies = resources["ReleaseModelStateMachine"]["Properties"]["Policies"][0]["Statement"]
    [statement] = [one for one in policies if one["Sid"] == "LookUpServingImages"]

    assert [name for name in names if name] == ["ray", "linear-learner"]
    for name, resource in zip(names, statement["Resource"], strict=True):
        own, known = (branch["Fn::Sub"] for branch in resource["Fn::If"][1:])
        assert known.endswith(f":*:repository/{name}")
        assert own.endswith(":*:repository/*")
