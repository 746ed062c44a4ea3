"""The account and region that boto3 is configured for: by environment, profile or endpoint URL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
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
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

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

    def outputs(self, name: str) -> dict[str, str]:
        """Raises Unfinished where there is no such stack."""
        found = self.stack(name)
        if found is None:
            raise Unfinished(f"There is no stack {name} in {self.region}.")
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}


def code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
