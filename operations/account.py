"""The account and region that boto3 is configured for: by environment, profile or endpoint URL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


class Unfinished(Exception):
    """What a person has to know of and can do something about; the message says what."""


class Account:
    """Clients, one per service."""

    def __init__(self) -> None:
        session = boto3.Session()
        if session.region_name is None:
            raise Unfinished("No region is given: set AWS_DEFAULT_REGION, or one in your profile.")
        self.region: str = session.region_name
        self._session = session
        self._clients: dict[tuple[str, float], Any] = {}

    def client(self, service: str, read_timeout: float = 60) -> Any:
        """`read_timeout` is in seconds; a request that takes longer is not to be made twice."""
        key = (service, read_timeout)
        if key not in self._clients:
            once = {"retries": {"total_max_attempts": 1}} if read_timeout > 60 else {}
            config = Config(read_timeout=read_timeout, **once)
            self._clients[key] = self._session.client(service, config=config)
        return self._clients[key]

    def number(self) -> str:
        return str(self.client("sts").get_caller_identity()["Account"])

    def each(self, service: str, operation: str, member: str, **request: Any) -> Iterator[Any]:
        """What all pages of an operation list."""
        for page in self.client(service).get_paginator(operation).paginate(**request):
            yield from page.get(member, [])

    def stack(self, name: str) -> dict[str, Any] | None:
        """DescribeStacks of a stack that is not deleted, if there is one."""
        try:
            (found,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        return dict(found)

    def resource(self, stack: str, logical_id: str) -> str:
        """The physical id of a resource of a stack. Raises Unfinished where there is none."""
        try:
            found = self.client("cloudformation").describe_stack_resource(
                StackName=stack, LogicalResourceId=logical_id
            )["StackResourceDetail"]
        except ClientError as error:
            if code(error) == "ValidationError":
                raise Unfinished(f"{stack} has no {logical_id} in {self.region}.") from error
            raise
        return str(found["PhysicalResourceId"])

    def outputs(self, name: str) -> dict[str, str]:
        """Raises Unfinished where there is no such stack."""
        found = self.stack(name)
        if found is None:
            raise Unfinished(f"There is no stack {name} in {self.region}.")
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}


def code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
