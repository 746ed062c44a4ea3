"""A request that a service's model does not allow is refused by the server, whoever sends it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.interpreter.conftest import Platform

NAME = "Value 'a b' at '{member}' failed to satisfy constraint: Member must satisfy regular"


@pytest.fixture
def ask(platform: Platform) -> Any:
    """Sends a request as it is, and returns the error's code, message and status."""

    def send(service: str, operation: str, **members: Any) -> tuple[str, str, int]:
        client = boto3.client(
            service,
            endpoint_url=platform.runtime.endpoint_url,
            region_name="us-east-1",
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )
        with pytest.raises(ClientError) as raised:
            getattr(client, operation)(**members)
        error, metadata = raised.value.response["Error"], raised.value.response["ResponseMetadata"]
        return error["Code"], error["Message"], metadata["HTTPStatusCode"]

    return send


@pytest.mark.parametrize(
    ("service", "operation", "members", "code", "message"),
    [
        (
            *("sagemaker", "delete_model", {"ModelName": "a b"}),
            *("ValidationException", NAME.format(member="modelName")),
        ),
        (
            *("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "a b", "Body": b"\xff"}),
            *("ValidationError", NAME.format(member="endpointName")),
        ),
        (
            *("events", "put_rule", {"Name": "a b"}),
            *("ValidationException", NAME.format(member="name")),
        ),
        (
            *("logs", "create_log_group", {"logGroupName": "a b"}),
            *("InvalidParameterException", NAME.format(member="logGroupName")),
        ),
        (
            *("dynamodb", "batch_get_item", {"RequestItems": {}}),
            *("ValidationException", "Value '{}' at 'requestItems' failed to satisfy constraint"),
        ),
        (
            "application-autoscaling",
            "deregister_scalable_target",
            {
                "ServiceNamespace": "sagemaker",
                "ResourceId": "endpoint/e/variant/v",
                "ScalableDimension": "sagemaker:variant:Instances",
            },
            "ValidationException",
            "at 'scalableDimension' failed to satisfy constraint: Member must satisfy enum value",
        ),
        (
            *("cloudwatch", "put_metric_data"),
            {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0, "Unit": "Miles"}]},
            "ValidationError",
            "Value 'Miles' at 'metricData.1.member.unit' failed to satisfy constraint: Member must",
        ),
        (
            *("sns", "publish", {"Subject": "no message"}),
            *("ValidationError", "Value null at 'message' failed to satisfy constraint: Member"),
        ),
        (
            *("sqs", "send_message", {"QueueUrl": "http://localhost/123456789012/q"}),
            *("MissingParameter", "The request must contain the parameter MessageBody."),
        ),
        (
            *("stepfunctions", "list_executions", {"maxResults": 1001}),
            *("ValidationException", "Member must have value less than or equal to 1000"),
        ),
        (
            *("lambda", "invoke", {"FunctionName": "a b"}),
            *("ValidationException", NAME.format(member="functionName")),
        ),
    ],
)
def test_each_service_refuses_under_its_own_name(
    ask: Any, service: str, operation: str, members: dict[str, Any], code: str, message: str
) -> None:
    found, said, status = ask(service, operation, **members)

    assert (found, status) == (code, 400)
    assert message in said
    if code != "MissingParameter":
        assert said.startswith("1 validation error detected: ")


def test_everything_is_said_at_once(ask: Any) -> None:
    _, said, _ = ask("sagemaker", "create_model_package_group", ModelPackageGroupDescription="a")

    assert said == (
        "1 validation error detected: Value null at 'modelPackageGroupName' failed to satisfy "
        "constraint: Member must not be null"
    )

    _, said, _ = ask("sagemaker", "list_endpoints", MaxResults=0, SortOrder="Up")

    assert said.startswith("2 validation errors detected: ")


@pytest.mark.parametrize(
    ("service", "operation", "members"),
    [
        ("sagemaker", "create_model_package_group", {"ModelPackageGroupName": "tagged"}),
        ("sns", "create_topic", {"Name": "tagged"}),
        ("events", "put_rule", {"Name": "tagged", "EventPattern": '{"source": ["x"]}'}),
    ],
)
def test_tags_of_awss_own_are_refused(
    ask: Any, service: str, operation: str, members: dict[str, Any]
) -> None:
    tags = [{"Key": "team", "Value": "a"}, {"Key": "AWS:stack", "Value": "b"}]

    _, said, status = ask(service, operation, Tags=tags, **members)

    assert status == 400
    assert said == "aws: prefixed tag key names are not allowed for external use."


def test_tags_that_a_map_holds_are_looked_at_too(ask: Any) -> None:
    _, said, _ = ask("sqs", "create_queue", QueueName="tagged", tags={"aws:x": "y"})

    assert "aws: prefixed tag key names" in said


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"MaxResults": "5"}'])
def test_what_cannot_be_read_is_no_defect_of_the_server(platform: Platform, body: bytes) -> None:
    answer = requests.post(
        platform.runtime.endpoint_url,
        data=body,
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "SageMaker.ListEndpoints",
            "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sagemaker/aws4",
        },
        timeout=10,
    )

    assert answer.status_code == 400
    assert answer.json()["__type"].endswith("SerializationException")


def test_what_was_refused_has_changed_nothing(platform: Platform, ask: Any) -> None:
    ask("events", "put_rule", Name="refused", EventPattern="{}", State="ASLEEP")

    assert platform.client("events").list_rules(NamePrefix="refused")["Rules"] == []
