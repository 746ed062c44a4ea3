"""A key of the account's own: everything that is stored, and every role that touches it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts import resolved
from tests.contracts.test_refusals import refused
from tests.contracts.test_template import as_list, resources

Document = dict[str, Any]
KEY = "arn:aws:kms:us-east-1:123456789012:key/0123abcd-01ab-23cd-45ef-0123456789ab"
# Of each resource type that stores anything: the property that names its key.
MEMBERS = {
    "AWS::S3::Bucket": ("BucketEncryption", "KMSMasterKeyID"),
    "AWS::SQS::Queue": ("KmsMasterKeyId", None),
    "AWS::SNS::Topic": ("KmsMasterKeyId", None),
    "AWS::Logs::LogGroup": ("KmsKeyId", None),
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
}
STORES = ("s3:", "dynamodb:", "sqs:", "sns:Publish")


def deployed(expanded: Document, **parameters: str) -> Document:
    """The resources of a stack with these parameters, by logical id, functions evaluated."""
    resolver = resolved.resolver(
        expanded, parameters, lambda name: name, lambda name, part: f"{name}.{part}"
    )
    return {
        name: {**resource, "Properties": resolver.resolve(resource.get("Properties", {}))}
        for name, resource in expanded["Resources"].items()
        if "Condition" not in resource or resolver.condition(resource["Condition"])
    }


@pytest.fixture(scope="module")
def sealed(expanded: Document) -> Document:
    return deployed(expanded, KmsKeyArn=KEY)


@pytest.fixture(scope="module")
def plain(expanded: Document) -> Document:
    return deployed(expanded)


def statements(stack: Document, role: str) -> Iterator[Document]:
    own = stack[role]["Properties"].get("Policies", [])
    attached = [
        resource["Properties"]
        for resource in resources({"Resources": stack}, "AWS::IAM::Policy").values()
        if role in resource["Properties"]["Roles"]
    ]
    for policy in [*own, *attached]:
        yield from policy["PolicyDocument"]["Statement"]


def allows(stack: Document, role: str) -> set[str]:
    """What a role may do with the stack's key."""
    return {
        action
        for statement in statements(stack, role)
        for action in as_list(statement["Action"])
        if statement["Effect"] == "Allow" and KEY in as_list(statement["Resource"])
    }


def test_whatever_is_stored_is_stored_under_the_key(sealed: Document) -> None:
    for kind, (member, inner) in MEMBERS.items():
        found = resources({"Resources": sealed}, kind)
        assert found, kind
        for name, resource in found.items():
            value = resource["Properties"][member]
            if inner is not None:
                assert f'"{inner}": "{KEY}"' in json.dumps(value), name
            else:
                assert value == KEY, name
    for bucket in resources({"Resources": sealed}, "AWS::S3::Bucket").values():
        (rule,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True
    for queue in resources({"Resources": sealed}, "AWS::SQS::Queue").values():
        assert "SqsManagedSseEnabled" not in queue["Properties"]
    assert not resources({"Resources": sealed}, "AWS::KMS::Key")


def test_without_a_key_nothing_asks_for_one(plain: Document) -> None:
    assert KEY not in json.dumps(plain)
    for kind, (member, _) in MEMBERS.items():
        for name, resource in resources({"Resources": plain}, kind).items():
            if kind == "AWS::S3::Bucket":
                assert "AES256" in json.dumps(resource["Properties"][member])
            elif kind == "AWS::SNS::Topic":
                assert resource["Properties"][member] == "NotificationsKey"
            else:
                assert member not in resource["Properties"], name
    for queue in resources({"Resources": plain}, "AWS::SQS::Queue").values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True
    assert not {"KeyUse", "KeyForDisks"} & plain.keys()


def test_a_role_may_use_the_key_if_and_only_if_it_touches_what_is_stored(
    sealed: Document,
) -> None:
    roles = resources({"Resources": sealed}, "AWS::IAM::Role")
    assert len(roles) == 29
    for role in roles:
        actions = [
            action
            for statement in statements(sealed, role)
            for action in as_list(statement["Action"])
        ]
        touches = any(action.startswith(STORES) for action in actions)
        assert ("kms:Decrypt" in allows(sealed, role)) is touches, role
    assert not allows(sealed, "PlanReleaseFunctionRole")


@pytest.mark.parametrize("prefix", ["s3:Put", "sqs:Send", "sns:Publish"])
def test_who_writes_may_have_data_keys_made(sealed: Document, prefix: str) -> None:
    writers = [
        role
        for role in resources({"Resources": sealed}, "AWS::IAM::Role")
        if any(
            action.startswith(prefix)
            for statement in statements(sealed, role)
            for action in as_list(statement["Action"])
        )
    ]
    assert writers
    for role in writers:
        assert {"kms:Decrypt", "kms:GenerateDataKey"} <= allows(sealed, role), role


def test_the_key_is_handed_on_by_those_who_ask_for_disks_and_to_aws_alone(
    sealed: Document,
) -> None:
    several = {
        role: [one for one in statements(sealed, role) if one["Action"] == "kms:CreateGrant"]
        for role in resources({"Resources": sealed}, "AWS::IAM::Role")
    }
    granting = {role: found for role, found in several.items() if found}
    assert granting.keys() == {"ReleaseModelStateMachineRole", "SageMakerRole"}
    for statement in itertools.chain(*granting.values()):
        assert statement["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        assert statement["Resource"] == KEY


def test_training_output_is_encrypted_by_sagemakers_role(sealed: Document) -> None:
    roles = resources({"Resources": sealed}, "AWS::IAM::Role")
    assert {role for role in roles if "kms:Encrypt" in allows(sealed, role)} == {"SageMakerRole"}


def test_uploads_under_any_key_of_the_account_are_read_by_those_who_read_uploads(
    plain: Document,
) -> None:
    readers = {
        role
        for role in resources({"Resources": plain}, "AWS::IAM::Role")
        for statement in statements(plain, role)
        if "s3:GetObjectVersion" in as_list(statement["Action"])
    }
    policy = plain["UploadsDecryption"]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert set(policy["Roles"]) == readers
    assert statement["Action"] == "kms:Decrypt"
    assert statement["Resource"] == "arn:aws:kms:us-east-1:123456789012:key/*"
    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"},
        "StringLike": {
            "kms:EncryptionContext:aws:s3:arn": ["UploadsBucket.Arn", "UploadsBucket.Arn/*"]
        },
    }


@pytest.mark.parametrize(
    ("arn", "fine"),
    [
        (KEY, True),
        (KEY.replace("arn:aws:", "arn:aws-us-gov:").replace("0123abcd-", "mrk-"), True),
        ("", True),
        ("alias/mine", False),
        (KEY.replace("key/", "alias/"), False),
        (KEY.rpartition("/")[2], False),
    ],
)
def test_a_key_is_given_by_its_arn(template: Document, arn: str, fine: bool) -> None:
    assert (refused(template, KmsKeyArn=arn) == "") is fine


def test_the_document_says_what_a_keys_policy_must_allow(root: Any, sealed: Document) -> None:
    """Services that write by themselves are no roles of the stack."""
    document = (root / "docs/parameters.md").read_text("utf-8")
    section = document.partition("## A key of your own")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    principals = {one["Principal"]["Service"]: one for one in json.loads(block)}

    assert principals.keys() == {
        "events.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "logs.REGION.amazonaws.com",
    }
    for service, statement in principals.items():
        wanted = {"kms:Decrypt*", "kms:GenerateDataKey*"}
        wanted = wanted if service.startswith("logs") else {one[:-1] for one in wanted}
        assert wanted <= set(statement["Action"])
    # EventBridge names no account to an encrypted queue.
    assert "Condition" not in principals["events.amazonaws.com"]
