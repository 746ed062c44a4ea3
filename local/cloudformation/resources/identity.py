"""IAM roles and policies."""

from __future__ import annotations

import json
from typing import Any

from local.cloudformation.resources.resource import Created, Request, ResourceType


class Role(ResourceType):
    name = "AWS::IAM::Role"
    fixed = frozenset({"RoleName", "Path"})
    properties = frozenset(
        {
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        }
    )
    attributes = frozenset({"Arn", "RoleId"})

    def create(self, request: Request) -> Created:
        properties = request.properties
        role = request.call(
            "iam",
            "CreateRole",
            RoleName=request.name(properties.get("RoleName")),
            AssumeRolePolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"]),
            Description=properties.get("Description"),
            MaxSessionDuration=properties.get("MaxSessionDuration"),
            Path=properties.get("Path"),
            PermissionsBoundary=properties.get("PermissionsBoundary"),
            Tags=request.tags() or None,
        )["Role"]
        self._attach(request, role["RoleName"])
        return Created(role["RoleName"], {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, request: Request, current: Created) -> Created:
        name = current.physical_id
        self._detach(request, name)
        request.call(
            "iam",
            "UpdateAssumeRolePolicy",
            RoleName=name,
            PolicyDocument=json.dumps(request.properties["AssumeRolePolicyDocument"]),
        )
        self._attach(request, name)
        return current

    def delete(self, request: Request, current: Created) -> None:
        self._detach(request, current.physical_id)
        request.call("iam", "DeleteRole", RoleName=current.physical_id)

    def _attach(self, request: Request, role: str) -> None:
        for arn in request.properties.get("ManagedPolicyArns", []):
            request.call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)
        for policy in request.properties.get("Policies", []):
            _put_inline(request, role, policy["PolicyName"], policy["PolicyDocument"])

    def _detach(self, request: Request, role: str) -> None:
        attached = request.call("iam", "ListAttachedRolePolicies", RoleName=role)
        for policy in attached["AttachedPolicies"]:
            request.call("iam", "DetachRolePolicy", RoleName=role, PolicyArn=policy["PolicyArn"])
        for name in request.call("iam", "ListRolePolicies", RoleName=role)["PolicyNames"]:
            request.call("iam", "DeleteRolePolicy", RoleName=role, PolicyName=name)


class Policy(ResourceType):
    """An inline policy put into roles from outside."""

    name = "AWS::IAM::Policy"
    fixed = frozenset({"PolicyName", "Roles"})
    properties = frozenset({"PolicyDocument", "PolicyName", "Roles"})

    def create(self, request: Request) -> Created:
        name = request.properties["PolicyName"]
        for role in request.properties["Roles"]:
            _put_inline(request, role, name, request.properties["PolicyDocument"])
        return Created(name)

    def update(self, request: Request, current: Created) -> Created:
        return self.create(request)

    def delete(self, request: Request, current: Created) -> None:
        for role in request.properties["Roles"]:
            request.call("iam", "DeleteRolePolicy", RoleName=role, PolicyName=current.physical_id)


class ManagedPolicy(ResourceType):
    name = "AWS::IAM::ManagedPolicy"
    properties = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"})
    attributes = frozenset({"PolicyArn"})

    def create(self, request: Request) -> Created:
        properties = request.properties
        arn = request.call(
            "iam",
            "CreatePolicy",
            PolicyName=request.name(properties.get("ManagedPolicyName"), 128),
            PolicyDocument=json.dumps(properties["PolicyDocument"]),
            Description=properties.get("Description"),
            Path=properties.get("Path"),
        )["Policy"]["Arn"]
        for role in properties.get("Roles", []):
            request.call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)
        return Created(arn, {"PolicyArn": arn})

    def delete(self, request: Request, current: Created) -> None:
        for role in request.properties.get("Roles", []):
            request.call("iam", "DetachRolePolicy", RoleName=role, PolicyArn=current.physical_id)
        request.call("iam", "DeletePolicy", PolicyArn=current.physical_id)


def _put_inline(request: Request, role: str, name: str, document: dict[str, Any]) -> None:
    # SAM's policy templates carry no version, which AWS takes and moto does not
    policy = json.dumps({"Version": "2012-10-17", **document})
    request.call("iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=policy)


IDENTITY: tuple[ResourceType, ...] = (Role(), Policy(), ManagedPolicy())
