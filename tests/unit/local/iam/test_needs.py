"""What each call of this system needs, held against AWS's service reference."""

from __future__ import annotations

from typing import Any

import pytest

from local.iam import needs, reference
from local.iam.conditions import NotKnown
from local.iam.operations import Call

HERE = "us-east-1:123456789012"
SAGEMAKER = f"arn:aws:sagemaker:{HERE}"
ROLE = "arn:aws:iam::123456789012:role/r"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:m"
CASES: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    ("s3", "GetObject", {"Bucket": "b", "Key": "k"}, [("s3:GetObject", "arn:aws:s3:::b/k")]),
    ("s3", "HeadObject", {"Bucket": "b", "Key": "k", "VersionId": "7"},
     [("s3:GetObjectVersion", "arn:aws:s3:::b/k")]),
    ("s3", "UploadPart", {"Bucket": "b", "Key": "k"}, [("s3:PutObject", "arn:aws:s3:::b/k")]),
    ("s3", "PutObject", {"Bucket": "b", "Key": "k", "IfMatch": '"e"'},
     [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObject", "arn:aws:s3:::b/k")]),
    ("s3", "DeleteObject", {"Bucket": "b", "Key": "k", "IfMatch": '"e"'},
     [("s3:DeleteObject", "arn:aws:s3:::b/k"), ("s3:GetObject", "arn:aws:s3:::b/k")]),
    ("s3", "CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "/c/d%20e?versionId=1"},
     [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObjectVersion", "arn:aws:s3:::c/d e")]),
    ("s3", "DeleteObjects", {"Bucket": "b", "Objects": [("k", ""), ("l", "3")]},
     [("s3:DeleteObject", "arn:aws:s3:::b/k"), ("s3:DeleteObjectVersion", "arn:aws:s3:::b/l")]),
    ("s3", "ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3", "DeleteBucketEncryption", {"Bucket": "b"},
     [("s3:PutEncryptionConfiguration", "arn:aws:s3:::b")]),
    ("lambda", "Invoke", {"FunctionName": "f"},
     [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:f")]),
    ("lambda", "Invoke", {"FunctionName": f"arn:aws:lambda:{HERE}:function:f"},
     [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:f")]),
    ("states", "StartExecution", {"stateMachineArn": MACHINE},
     [("states:StartExecution", MACHINE)]),
    ("states", "DescribeExecution", {"executionArn": f"arn:aws:states:{HERE}:execution:m:x"},
     [("states:DescribeExecution", f"arn:aws:states:{HERE}:execution:m:x")]),
    ("sqs", "SendMessageBatch", {"QueueUrl": "http://h/123456789012/q"},
     [("sqs:SendMessage", f"arn:aws:sqs:{HERE}:q")]),
    ("sns", "Publish", {"TopicArn": f"arn:aws:sns:{HERE}:t"},
     [("sns:Publish", f"arn:aws:sns:{HERE}:t")]),
    ("dynamodb", "UpdateItem", {"TableName": "t"},
     [("dynamodb:UpdateItem", f"arn:aws:dynamodb:{HERE}:table/t")]),
    ("events", "PutRule", {"Name": "r"}, [("events:PutRule", f"arn:aws:events:{HERE}:rule/r")]),
    ("events", "PutTargets", {"Rule": "r"},
     [("events:PutTargets", f"arn:aws:events:{HERE}:rule/r")]),
    ("sagemaker", "ListEndpoints", {}, [("sagemaker:ListEndpoints", "*")]),
    ("sagemaker", "CreateModel", {"ModelName": "m", "ExecutionRoleArn": ROLE, "Tags": [
        {"Key": "a", "Value": "b"}]},
     [("sagemaker:CreateModel", f"{SAGEMAKER}:model/m"),
      ("sagemaker:AddTags", f"{SAGEMAKER}:model/m"), ("iam:PassRole", ROLE)]),
    ("sagemaker", "CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c", "Tags": [
        {"Key": "a", "Value": "b"}]},
     [("sagemaker:CreateEndpoint", f"{SAGEMAKER}:endpoint/e"),
      ("sagemaker:CreateEndpoint", f"{SAGEMAKER}:endpoint-config/c"),
      ("sagemaker:AddTags", f"{SAGEMAKER}:endpoint/e")]),
    ("sagemaker", "UpdateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"},
     [("sagemaker:UpdateEndpoint", f"{SAGEMAKER}:endpoint/e"),
      ("sagemaker:UpdateEndpoint", f"{SAGEMAKER}:endpoint-config/c")]),
    ("sagemaker", "CreateHyperParameterTuningJob",
     {"HyperParameterTuningJobName": "t", "TrainingJobDefinition": {"RoleArn": ROLE}},
     [("sagemaker:CreateHyperParameterTuningJob", f"{SAGEMAKER}:hyper-parameter-tuning-job/t"),
      ("iam:PassRole", ROLE)]),
    ("sagemaker", "UpdateModelPackage", {"ModelPackageArn": f"{SAGEMAKER}:model-package/g/3"},
     [("sagemaker:UpdateModelPackage", f"{SAGEMAKER}:model-package/g/3")]),
    ("monitoring", "DescribeAlarms", {},
     [("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:*")]),
    ("sts", "GetCallerIdentity", {}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    CASES,
    ids=[f"{case[0]}-{case[1]}-{index}" for index, case in enumerate(CASES)],
)
def test_a_call_needs_what_aws_asks_for(
    service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = needs.of(Call(service, operation, parameters, "json"))

    assert [(need.action, need.resource) for need in found] == expected


def test_a_role_is_passed_to_the_service_that_is_called() -> None:
    call = Call("sagemaker", "CreateModel", {"ModelName": "m", "ExecutionRoleArn": ROLE}, "json")

    (passed,) = [need for need in needs.of(call) if need.action == "iam:PassRole"]

    assert passed.facts["iam:PassedToService"] == ["sagemaker.amazonaws.com"]


def test_conditional_writes_are_told_apart() -> None:
    def facts(operation: str, **more: str) -> dict[str, list[str]]:
        (need,) = needs.of(Call("s3", operation, {"Bucket": "b", "Key": "k", **more}, "rest-xml"))
        return {name: list(values) for name, values in need.facts.items()}

    assert facts("PutObject", IfNoneMatch="*") == {
        "s3:ObjectCreationOperation": ["true"],
        "s3:if-none-match": ["*"],
    }
    assert facts("UploadPart") == {"s3:ObjectCreationOperation": ["false"]}
    assert facts("CompleteMultipartUpload") == {"s3:ObjectCreationOperation": ["true"]}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "named"),
    [
        ("s3", "SelectObjectContent", {"Bucket": "b", "Key": "k"}, "SelectObjectContent"),
        ("nowhere", "Do", {}, "no service nowhere"),
        ("sagemaker", "DoMagic", {}, "no action sagemaker:DoMagic"),
        ("sagemaker", "CreateModel", {}, "which resource sagemaker:CreateModel is about"),
    ],
)
def test_what_is_not_known_is_said(
    service: str, operation: str, parameters: dict[str, Any], named: str
) -> None:
    with pytest.raises(NotKnown, match=named):
        needs.of(Call(service, operation, parameters, "json"))


def test_the_reference_spells_actions_and_knows_what_else_they_take() -> None:
    found = reference.action("sagemaker", "createtrainingjob")

    assert found.full_name == "sagemaker:CreateTrainingJob"
    assert {"iam:PassRole", "sagemaker:AddTags"} <= found.dependents
