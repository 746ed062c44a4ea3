"""State machines and the model package groups that they register models in."""

from __future__ import annotations

import json
from typing import Any

from local.cloudformation.resources.resource import Created, Request, ResourceType, tag_map, text


class StateMachine(ResourceType):
    """moto's own handler ignores DefinitionS3Location and substitutions, and registers the machine
    in a backend that does not execute it; the API does."""

    name = "AWS::StepFunctions::StateMachine"
    fixed = frozenset({"StateMachineName", "StateMachineType"})
    properties = frozenset(
        {
            "Definition",
            "DefinitionS3Location",
            "DefinitionString",
            "DefinitionSubstitutions",
            "LoggingConfiguration",
            "RoleArn",
            "StateMachineName",
            "StateMachineType",
            "Tags",
            "TracingConfiguration",
        }
    )
    attributes = frozenset({"Arn", "Name"})

    def create(self, request: Request) -> Created:
        properties = request.properties
        name = request.name(properties.get("StateMachineName"), 80)
        tags = [{"key": k, "value": v} for k, v in tag_map(request.tags()).items()]
        arn = request.call(
            "stepfunctions",
            "CreateStateMachine",
            name=name,
            type=properties.get("StateMachineType"),
            tags=tags or None,
            **self._settings(request),
        )["stateMachineArn"]
        return Created(arn, {"Arn": arn, "Name": name})

    def update(self, request: Request, current: Created) -> Created:
        arn = current.physical_id
        request.call(
            "stepfunctions", "UpdateStateMachine", stateMachineArn=arn, **self._settings(request)
        )
        return current

    def delete(self, request: Request, current: Created) -> None:
        request.call("stepfunctions", "DeleteStateMachine", stateMachineArn=current.physical_id)

    def _settings(self, request: Request) -> dict[str, Any]:
        properties = request.properties
        return {
            "definition": _definition(request),
            "roleArn": properties["RoleArn"],
            "loggingConfiguration": _camel(properties.get("LoggingConfiguration")),
            "tracingConfiguration": _camel(properties.get("TracingConfiguration")),
        }


def _definition(request: Request) -> str:
    properties = request.properties
    if "DefinitionString" in properties:
        definition = properties["DefinitionString"]
    elif "Definition" in properties:
        definition = json.dumps(properties["Definition"])
    else:
        location = properties["DefinitionS3Location"]
        body = request.call("s3", "GetObject", Bucket=location["Bucket"], Key=location["Key"])
        definition = body["Body"].read().decode()
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        definition = definition.replace(f"${{{name}}}", text(value))
    json.loads(definition)  # YAML definitions are not implemented; the error says where
    return str(definition)


def _camel(value: Any) -> Any:
    """Keys as the Step Functions API spells them: LogGroupArn → logGroupArn."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: _camel(item) for key, item in value.items()}
    return value


class ModelPackageGroup(ResourceType):
    name = "AWS::SageMaker::ModelPackageGroup"
    properties = frozenset({"ModelPackageGroupDescription", "ModelPackageGroupName", "Tags"})
    attributes = frozenset({"ModelPackageGroupArn"})

    def create(self, request: Request) -> Created:
        arn = request.call("sagemaker", "CreateModelPackageGroup", **request.properties)[
            "ModelPackageGroupArn"
        ]
        return Created(arn, {"ModelPackageGroupArn": arn})

    def delete(self, request: Request, current: Created) -> None:
        request.call(
            "sagemaker",
            "DeleteModelPackageGroup",
            ModelPackageGroupName=request.properties["ModelPackageGroupName"],
        )


ORCHESTRATION: tuple[ResourceType, ...] = (StateMachine(), ModelPackageGroup())
