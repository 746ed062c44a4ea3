"""Roles and resource policies for tests, as small as they can be."""

from __future__ import annotations

import json
from typing import Any

from local.laptop.client import Laptop


def letting_in(service: str, action: str, resource: str | None) -> str:
    """The policy of a resource, or of a role's trust, as JSON."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action}
    if resource:
        statement["Resource"] = resource
    return document(statement)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role(laptop: Laptop, name: str, service: str, action: str, resource: str = "*") -> str:
    """The ARN of a new role that a service takes on, and that may do one thing."""
    iam = laptop.client("iam")
    trust = letting_in(service, "sts:AssumeRole", None)
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    policy = document({"Effect": "Allow", "Action": action, "Resource": resource})
    iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=policy)
    return arn
