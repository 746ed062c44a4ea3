"""Policies of buckets and keys: beside the caller's own, and against them."""

from __future__ import annotations

from typing import Any

import pytest

from local.iam.principals import key_of_service
from tests.integration.interpreter.callers import (
    ALL,
    HERE,
    Caller,
    document,
    opened,
    refused,
)
from tests.integration.interpreter.conftest import Platform


def test_a_buckets_own_policy_allows_a_service_on_behalf_of_one_source(platform: Platform) -> None:
    bucket = platform.bucket()
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:logs:*:*:group-*"}},
    }
    platform.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(statement))

    def put(source: str) -> Any:
        key = key_of_service("logs.amazonaws.com", source)
        return opened(platform, "s3", key).put_object(Bucket=bucket, Key="k", Body=b"x")

    assert "ETag" in put("arn:aws:logs:us-east-1:123456789012:group-a")
    code, message = refused(lambda: put("arn:aws:logs:us-east-1:123456789012:other"))
    assert code == "AccessDenied"
    assert message.startswith("User: logs.amazonaws.com is not authorized to perform: s3:PutObject")


def test_a_buckets_own_policy_binds_the_user_too(platform: Platform) -> None:
    bucket = platform.bucket()
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject"}
    deny["Resource"] = f"arn:aws:s3:::{bucket}/kept/*"
    platform.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(deny))

    _, message = refused(lambda: platform.client("s3").delete_object(Bucket=bucket, Key="kept/x"))

    assert message.endswith("with an explicit deny in a resource-based policy")
    platform.client("s3").delete_object(Bucket=bucket, Key="other")


def test_a_key_asks_whom_it_trusts_before_the_callers_policies_count(platform: Platform) -> None:
    kms, sns = platform.client("kms"), platform.client("sns")
    closed = {
        "Effect": "Allow",
        "Principal": {"Service": "x.amazonaws.com"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = kms.create_key(Policy=document(closed))["KeyMetadata"]["KeyId"]
    topic = sns.create_topic(Name=f"t-{key}", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    caller = Caller(platform, ALL)

    def publish() -> Any:
        return caller.client("sns").publish(TopicArn=topic, Message="m")

    code, message = refused(publish)
    assert code == "AuthorizationError"
    assert f"kms:GenerateDataKey on resource: arn:aws:kms:{HERE}:key/{key}" in message

    account = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(account))
    assert "MessageId" in publish()
    caller.allow({"Effect": "Allow", "Action": "sns:Publish", "Resource": topic})
    assert "kms:GenerateDataKey" in refused(publish)[1]


@pytest.mark.parametrize(
    ("principal", "meant"),
    [
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, True),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:role/other"}}, False),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/other"}}, True),
    ],
)
def test_a_resources_own_denial_reaches_whom_it_names(
    platform: Platform, principal: dict[str, Any], meant: bool
) -> None:
    bucket = platform.bucket()
    deny = {"Effect": "Deny", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    platform.client("s3").put_bucket_policy(Bucket=bucket, Policy=document({**deny, **principal}))
    s3 = Caller(platform, ALL).client("s3")

    if meant:
        assert refused(lambda: s3.list_objects_v2(Bucket=bucket))[1].endswith(
            "with an explicit deny in a resource-based policy"
        )
    else:
        s3.list_objects_v2(Bucket=bucket)


def test_a_policy_never_locks_the_owner_out(platform: Platform) -> None:
    bucket = platform.bucket()
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources}
    s3 = platform.client("s3")
    s3.put_bucket_policy(Bucket=bucket, Policy=document(deny))

    assert refused(lambda: s3.list_objects_v2(Bucket=bucket))[0] == "AccessDenied"
    s3.delete_bucket_policy(Bucket=bucket)
    s3.list_objects_v2(Bucket=bucket)


def test_a_copy_needs_the_sources_key_too(platform: Platform) -> None:
    s3, kms, bucket = platform.client("s3"), platform.client("kms"), platform.bucket()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    caller = Caller(platform, {**ALL, "Action": "s3:*"})

    def copy() -> Any:
        source = f"{bucket}/k"
        return caller.client("s3").copy_object(Bucket=bucket, Key="l", CopySource=source)

    assert f"kms:Decrypt on resource: {key}" in refused(copy)[1]
    caller.allow({**ALL, "Action": ["s3:*", "kms:Decrypt"]})
    assert "CopyObjectResult" in copy()
