"""A stack that is put under a key of the account's own: every role finds its way to the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.laptop import permissions
from tests.e2e.conftest import Deploy, Stack, wait_for

pytestmark = pytest.mark.slow

# Who touches what lies under the key in such a run; others need it for tables and answers.
KEY_HOLDERS = {
    "CompareModelsFunctionRole",
    "JudgeModelFunctionRole",
    "PackageModelCodeFunctionRole",
    "ProbeEndpointFunctionRole",
    "PublishReportFunctionRole",
    "SageMakerRole",
    "SplitDatasetFunctionRole",
    "StageImagesFunctionRole",
}


def put_under_key(stack: Stack) -> str:
    """The key's ARN, once the stack has taken it."""
    key: str = stack.laptop.client("kms").create_key()["KeyMetadata"]["Arn"]
    cloudformation = stack.laptop.client("cloudformation")

    def described() -> dict[str, Any]:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName="sonoflow")["Stacks"][0]
        return found

    kept = [each["ParameterKey"] for each in described()["Parameters"]]
    cloudformation.update_stack(
        StackName="sonoflow",
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": "KmsKeyArn", "ParameterValue": key},
            *(
                {"ParameterKey": name, "UsePreviousValue": True}
                for name in kept
                if name != "KmsKeyArn"
            ),
        ],
    )
    ended = wait_for(
        lambda: None if described()["StackStatus"].endswith("_IN_PROGRESS") else described(),
        "the end of the update",
        120,
    )
    assert ended["StackStatus"] == "UPDATE_COMPLETE", ended.get("StackStatusReason")
    return key


def test_a_run_under_a_key_is_encrypted_with_it_and_everybody_may_use_it(
    deploy: Deploy, phantoms: Callable[[int], bytes]
) -> None:
    with deploy() as stack:
        key = put_under_key(stack)

        run = stack.run_to_the_end("datasets/sealed.zip", phantoms(11))

        assert run["status"] == "SUCCEEDED", run.get("cause")
        for bucket in (stack.uploads, stack.work, stack.results):
            listed = stack.s3.list_objects_v2(Bucket=bucket)["Contents"]
            heads = [stack.s3.head_object(Bucket=bucket, Key=each["Key"]) for each in listed]
            assert {head["SSEKMSKeyId"] for head in heads} == {key}
        roles = permissions.roles(stack.laptop, permissions.decisions(stack.laptop))
        used = {
            role.name
            for role in roles
            for row in role.rows
            if row.statement.startswith("UseKey/") and row.used
        }
        assert used == KEY_HOLDERS
        (release,) = [role for role in roles if role.name == "ReleaseModelStateMachineRole"]
        handed = {row.statement: row.used for row in release.rows if "HandOn" in row.statement}
        assert handed == {
            "HandOnKey/LookAtKey": ["kms:DescribeKey"],
            "HandOnKey/HandOn": ["kms:CreateGrant"],
        }
