"""AWS clients, one of each per process."""

from __future__ import annotations

import functools
from typing import Any

import boto3


@functools.cache
def client(service: str) -> Any:
    """The client of an AWS service, made at first use and kept while the process lives."""
    return boto3.client(service)
