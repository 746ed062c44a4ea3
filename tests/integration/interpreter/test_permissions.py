"""What a role may not do is refused as AWS refuses it; what it may do is done."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.integration.interpreter.callers import (
    ALL,
    HERE,
    Caller,
    document,
    refused,
)
from tests.integration.interpreter.conftest import Platform


@pytest.mark.parametrize(
    ("service", "method", "parameters", "code", "action", "resource"),
    [
        ("sagemaker", "describe_endpoint", {"EndpointName": "e"}, "AccessDeniedException",
         "sagemaker:DescribeEndpoint", f"arn:aws:sagemaker:{HERE}:endpoint/e"),
        ("stepfunctions", "list_state_machines", {}, "AccessDeniedException",
         "states:ListStateMachines", "*"),
        ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException",
         "lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:f"),
        ("dynamodb", "get_item", {"TableName": "t", "Key": {"k": {"S": "v"}}},
         "AccessDeniedException", "dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/t"),
        ("sns", "publish", {"TopicArn": f"arn:aws:sns:{HERE}:t", "Message": "m"},
         "AuthorizationError", "sns:Publish", f"arn:aws:sns:{HERE}:t"),
        ("sqs", "get_queue_url", {"QueueName": "q"}, "AccessDenied", "sqs:GetQueueUrl",
         f"arn:aws:sqs:{HERE}:q"),
        ("s3", "list_objects_v2", {"Bucket": "b"}, "AccessDenied", "s3:ListBucket",
         '"arn:aws:s3:::b"'),
        ("iam", "get_role", {"RoleName": "r"}, "AccessDenied", "iam:GetRole",
         "arn:aws:iam::123456789012:role/r"),
        ("logs", "create_log_group", {"logGroupName": "/g"}, "AccessDeniedException",
         "logs:CreateLogGroup", f"arn:aws:logs:{HERE}:log-group:/g"),
    ],
)  # fmt: skip
def test_a_role_without_permission_is_refused_in_the_services_own_shape(
    platform: Platform,
    service: str,
    method: str,
    parameters: dict[str, Any],
    code: str,
    action: str,
    resource: str,
) -> None:
    caller = Caller(platform)

    told = refused(lambda: getattr(caller.client(service), method)(**parameters))

    assert told == (
        code,
        f"User: arn:aws:sts::123456789012:assumed-role/{caller.name}/test is not authorized to "
        f"perform: {action} on resource: {resource} because no identity-based policy allows the "
        f"{action} action",
    )


def test_an_explicit_deny_wins(platform: Platform) -> None:
    deny = {"Effect": "Deny", "Action": "states:List*", "Resource": "*"}
    caller = Caller(platform, ALL, deny)

    _, message = refused(caller.client("stepfunctions").list_state_machines)

    assert message.endswith("with an explicit deny in an identity-based policy")
    caller.allow(ALL)
    assert "stateMachines" in caller.client("stepfunctions").list_state_machines()


def test_a_boundary_limits_what_policies_allow(platform: Platform) -> None:
    boundary = platform.client("iam").create_policy(
        PolicyName=f"boundary-{uuid.uuid4().hex[:8]}",
        PolicyDocument=document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
    )["Policy"]["Arn"]
    caller = Caller(platform, ALL, PermissionsBoundary=boundary)

    _, message = refused(caller.client("stepfunctions").list_state_machines)

    assert "no permissions boundary allows the states:ListStateMachines action" in message
    assert "Buckets" in caller.client("s3").list_buckets()


def test_an_objects_absence_is_told_to_who_may_list(platform: Platform) -> None:
    bucket = platform.bucket()
    arn = f"arn:aws:s3:::{bucket}"
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/*"}
    caller = Caller(platform, read)
    s3 = caller.client("s3")

    code, message = refused(lambda: s3.get_object(Bucket=bucket, Key="missing"))
    assert code == "AccessDenied"
    assert f's3:ListBucket on resource: "{arn}"' in message
    assert refused(lambda: s3.head_object(Bucket=bucket, Key="missing"))[0] == "403"

    caller.allow(read, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn})
    assert refused(lambda: s3.get_object(Bucket=bucket, Key="missing"))[0] == "NoSuchKey"


def test_a_refused_upload_leaves_nothing(platform: Platform) -> None:
    bucket = platform.bucket()
    caller = Caller(platform)

    code, _ = refused(
        lambda: caller.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x" * (3 << 20))
    )

    assert code == "AccessDenied"
    assert "Contents" not in platform.client("s3").list_objects_v2(Bucket=bucket)


def test_each_of_several_deleted_objects_is_asked_for(platform: Platform) -> None:
    bucket = platform.bucket()
    for key in ("own/a", "other/b"):
        platform.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    own = {
        "Effect": "Allow",
        "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{bucket}/own/*",
    }
    s3 = Caller(platform, own).client("s3")
    objects = [{"Key": "own/a"}, {"Key": "other/b"}]

    assert (
        "other/b"
        in refused(lambda: s3.delete_objects(Bucket=bucket, Delete={"Objects": objects}))[1]
    )
    s3.delete_objects(Bucket=bucket, Delete={"Objects": objects[:1]})

    listed = platform.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [each["Key"] for each in listed] == ["other/b"]


def test_what_cannot_be_decided_is_said_and_not_guessed(platform: Platform) -> None:
    odd = {**ALL, "Condition": {"StringEquals": {"ec2:Vpc": "vpc-1"}}}
    caller = Caller(platform, odd)

    code, message = refused(caller.client("stepfunctions").list_state_machines)

    assert code == "InternalFailure"
    assert "the condition key ec2:Vpc is not implemented by the laptop runtime" in message


def test_a_permission_boundary_denies(platform: Platform) -> None:
    deny = {"Effect": "Deny", "Action": "states:*", "Resource": "*"}
    boundary = platform.client("iam").create_policy(
        PolicyName=f"boundary-{uuid.uuid4().hex[:8]}", PolicyDocument=document(ALL, deny)
    )["Policy"]["Arn"]
    caller = Caller(platform, ALL, PermissionsBoundary=boundary)

    _, message = refused(caller.client("stepfunctions").list_state_machines)

    assert message.endswith("with an explicit deny in a permissions boundary")
