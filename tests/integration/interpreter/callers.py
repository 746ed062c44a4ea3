"""Roles that call, with what they are allowed, and what is refused to them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.iam.credentials import role_credentials
from tests.integration.interpreter.conftest import Platform

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
HERE = "us-east-1:123456789012"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(*services: str) -> str:
    return document(
        {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    )


class Caller:
    """A role and its clients."""

    def __init__(self, platform: Platform, *statements: dict[str, Any], **role: Any) -> None:
        self.platform, self.name = platform, f"caller-{uuid.uuid4().hex[:8]}"
        trust = role.pop("trust", trusting("lambda.amazonaws.com"))
        iam = platform.client("iam")
        made = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust, **role)
        self.arn = made["Role"]["Arn"]
        if statements:
            self.allow(*statements)

    def allow(self, *statements: dict[str, Any]) -> None:
        self.platform.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="own", PolicyDocument=document(*statements)
        )

    def client(self, service: str) -> Any:
        credentials = role_credentials(self.arn, "test", "lambda.amazonaws.com")
        return opened(self.platform, service, credentials.access_key)


def opened(platform: Platform, service: str, access_key: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=platform.runtime.endpoint_url,
        aws_access_key_id=access_key,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]
