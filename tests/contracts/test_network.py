"""A network of the account's own: both parameters or neither, and everything that can be in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contracts.test_encryption import deployed, statements
from tests.contracts.test_refusals import refused
from tests.contracts.test_template import as_list, resources

Document = dict[str, Any]
SUBNETS, GROUPS = "subnet-0123456789abcdef0,subnet-01234567", "sg-0123456789abcdef0"


@pytest.fixture(scope="module")
def connected(expanded: Document) -> Document:
    return deployed(expanded, SubnetIds=SUBNETS, SecurityGroupIds=GROUPS)


@pytest.fixture(scope="module")
def plain(expanded: Document) -> Document:
    return deployed(expanded)


def test_every_function_is_in_the_network(connected: Document, plain: Document) -> None:
    for function in resources({"Resources": connected}, "AWS::Lambda::Function").values():
        assert function["Properties"]["VpcConfig"] == {
            "SubnetIds": SUBNETS.split(","),
            "SecurityGroupIds": [GROUPS],
        }
    assert "VpcConfig" not in json.dumps(plain)


def test_the_release_is_told_of_it(connected: Document) -> None:
    machine = connected["ReleaseModelStateMachine"]["Properties"]["DefinitionSubstitutions"]
    assert (machine["SubnetIds"], machine["SecurityGroupIds"]) == (SUBNETS, GROUPS)


def test_sagemakers_role_may_connect_only_where_there_is_a_network(
    connected: Document, plain: Document
) -> None:
    def connects(stack: Document) -> bool:
        return any(
            "ec2:CreateNetworkInterfacePermission" in as_list(statement["Action"])
            for statement in statements(stack, "SageMakerRole")
        )

    assert connects(connected)
    assert not connects(plain)


def test_a_functions_code_may_never_touch_a_network_whatever_sam_allows_its_role(
    plain: Document,
) -> None:
    policy = plain["NetworkIsNotForCode"]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    functions = resources({"Resources": plain}, "AWS::Lambda::Function").values()
    roles = {one["Properties"]["Role"].removesuffix(".Arn") for one in functions}

    assert set(policy["Roles"]) == roles
    assert statement["Effect"] == "Deny"
    assert statement["Condition"]["ArnLike"]["lambda:SourceFunctionArn"].endswith(
        ":function:sonoflow-*"
    )
    for role in roles:  # what SAM attaches, whatever the condition says
        attached = json.dumps(plain[role]["Properties"]["ManagedPolicyArns"])
        assert "AWSLambdaVPCAccessExecutionRole" in attached


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"SubnetIds": SUBNETS, "SecurityGroupIds": GROUPS}, ""),
        ({"SubnetIds": SUBNETS}, "Give SubnetIds and SecurityGroupIds, or neither."),
        ({"SecurityGroupIds": GROUPS}, "Give SubnetIds and SecurityGroupIds, or neither."),
        ({"SubnetIds": "subnet-1, subnet-2", "SecurityGroupIds": GROUPS}, "'SubnetIds' must be up"),
        (
            {
                "SubnetIds": SUBNETS,
                "SecurityGroupIds": GROUPS,
                "HostingMode": "serverless",
                "ServingImageUri": "own/serving:1",
            },
            "SageMaker puts no serverless endpoint into a network",
        ),
    ],
)
def test_what_is_no_network_is_refused(
    template: Document, parameters: dict[str, str], sentence: str
) -> None:
    found = refused(template, **parameters)
    assert found == "" if not sentence else sentence in found


@pytest.mark.parametrize(
    ("tags", "fine"),
    [
        ("", True),
        ("team=Breast imaging,cost:center=47/11,empty=", True),
        ("team", False),
        ("aws:team=x", False),
        ("AWS:team=x", False),
        ("team=x,Aws:team=x", False),
        ("laws:team=x", True),
        ("team=x,sonoflow:stack=mine", False),
        ("team=it's", False),
        ('team="x"', False),
        (",".join(f"tag{n}=x" for n in range(41)), False),
    ],
)
def test_tags_are_what_a_definition_can_hold_and_sagemaker_takes(
    template: Document, tags: str, fine: bool
) -> None:
    assert (refused(template, CostTags=tags) == "") is fine
