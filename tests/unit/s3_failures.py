"""Requests to S3 that fail, before they are done or after."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws.clients import client


@contextlib.contextmanager
def failing(operation: str, key: str, error: Exception, *, after: bool = False) -> Iterator[None]:
    """S3 fails an operation on a key, before it was done or after."""
    s3 = client("s3")
    real: Callable[..., Any] = getattr(s3, operation)

    def fail(**arguments: Any) -> Any:
        if arguments["Key"] != key:
            return real(**arguments)
        if after:
            real(**arguments)
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3, operation, fail)
        yield


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutObject")
