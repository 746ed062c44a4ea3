"""Lambda functions and what belongs to them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from local.cloudformation.resources.resource import Created, Request, ResourceType, tag_map

_CONFIGURATION = (
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
)


class Function(ResourceType):
    """A Python function from a zip. Layers, VPCs, file systems and images are refused."""

    name = "AWS::Lambda::Function"
    fixed = frozenset({"FunctionName", "Architectures"})
    properties = frozenset(
        {
            *_CONFIGURATION,
            "Architectures",
            "Code",
            "FunctionName",
            "KmsKeyArn",
            "PackageType",
            "ReservedConcurrentExecutions",
            "Tags",
            "VpcConfig",
        }
    )
    attributes = frozenset({"Arn"})

    def create(self, request: Request) -> Created:
        properties = request.properties
        _check_runtime(properties)
        arn = request.call(
            "lambda",
            "CreateFunction",
            **{key: properties.get(key) for key in _CONFIGURATION},
            FunctionName=request.name(properties.get("FunctionName")),
            Architectures=properties.get("Architectures"),
            KMSKeyArn=properties.get("KmsKeyArn"),
            Code=_code(properties),
            Tags=tag_map(request.tags()) or None,
        )["FunctionArn"]
        name = arn.rsplit(":", 1)[1]
        self._reserve(request, name)
        return Created(name, {"Arn": arn})

    def update(self, request: Request, current: Created) -> Created:
        properties = request.properties
        _check_runtime(properties)
        name = current.physical_id
        request.call("lambda", "UpdateFunctionCode", FunctionName=name, **_code(properties))
        request.call(
            "lambda",
            "UpdateFunctionConfiguration",
            FunctionName=name,
            **{key: properties.get(key) for key in _CONFIGURATION},
        )
        self._reserve(request, name)
        return current

    def delete(self, request: Request, current: Created) -> None:
        request.call("lambda", "DeleteFunction", FunctionName=current.physical_id)

    def _reserve(self, request: Request, name: str) -> None:
        reserved = request.properties.get("ReservedConcurrentExecutions")
        if reserved is not None:
            request.call(
                "lambda",
                "PutFunctionConcurrency",
                FunctionName=name,
                ReservedConcurrentExecutions=reserved,
            )


def _check_runtime(properties: dict[str, Any]) -> None:
    if properties.get("PackageType", "Zip") != "Zip":
        raise NotImplementedError("functions from container images")
    if properties.get("VpcConfig"):
        raise NotImplementedError("VpcConfig: a laptop has no network to put functions into")
    if not str(properties.get("Runtime", "")).startswith("python3."):
        raise NotImplementedError(f"runtime {properties.get('Runtime')}: only Python")


def _code(properties: dict[str, Any]) -> dict[str, Any]:
    code = properties["Code"]
    if "ZipFile" not in code:
        return dict(code)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("index.py", code["ZipFile"])
    return {"ZipFile": data.getvalue()}


class Permission(ResourceType):
    name = "AWS::Lambda::Permission"
    properties = frozenset({"Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"})

    def create(self, request: Request) -> Created:
        statement = request.name(None, 100)
        request.call("lambda", "AddPermission", StatementId=statement, **request.properties)
        return Created(statement)

    def delete(self, request: Request, current: Created) -> None:
        request.call(
            "lambda",
            "RemovePermission",
            FunctionName=request.properties["FunctionName"],
            StatementId=current.physical_id,
        )


class EventSourceMapping(ResourceType):
    """What the poller does not implement it refuses itself, with the reason."""

    name = "AWS::Lambda::EventSourceMapping"
    properties = frozenset(
        {
            "BatchSize",
            "DestinationConfig",
            "Enabled",
            "EventSourceArn",
            "FilterCriteria",
            "FunctionName",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "ScalingConfig",
            "Tags",
        }
    )
    attributes = frozenset({"Id", "EventSourceMappingArn"})

    def create(self, request: Request) -> Created:
        properties = {**request.properties}
        tags = tag_map(properties.pop("Tags", []))
        mapping = request.call(
            "lambda", "CreateEventSourceMapping", **properties, Tags=tags or None
        )
        identity = mapping["UUID"]
        arn = mapping["EventSourceMappingArn"]
        return Created(identity, {"Id": identity, "EventSourceMappingArn": arn})

    def delete(self, request: Request, current: Created) -> None:
        request.call("lambda", "DeleteEventSourceMapping", UUID=current.physical_id)


class EventInvokeConfig(ResourceType):
    name = "AWS::Lambda::EventInvokeConfig"
    fixed = frozenset({"FunctionName"})
    properties = frozenset(
        {
            "DestinationConfig",
            "FunctionName",
            "MaximumEventAgeInSeconds",
            "MaximumRetryAttempts",
            "Qualifier",
        }
    )

    def create(self, request: Request) -> Created:
        properties = dict(request.properties)
        if properties.pop("Qualifier", "$LATEST") != "$LATEST":
            raise NotImplementedError("qualifiers other than $LATEST")
        request.call("lambda", "PutFunctionEventInvokeConfig", **properties)
        return Created(request.name(None))

    def update(self, request: Request, current: Created) -> Created:
        self.create(request)
        return current

    def delete(self, request: Request, current: Created) -> None:
        name = request.properties["FunctionName"]
        request.call("lambda", "DeleteFunctionEventInvokeConfig", FunctionName=name)


COMPUTE: tuple[ResourceType, ...] = (
    Function(),
    Permission(),
    EventSourceMapping(),
    EventInvokeConfig(),
)
