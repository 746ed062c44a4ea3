"""AWS clients, one of each per process."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from botocore.config import Config

# As many requests as a function may have under way at a time. With the usual ten, every one beyond
# would open a connection of its own, TLS and all, and throw it away.
CONNECTIONS = 50


@functools.cache
def client(service: str) -> Any:
    """The client of an AWS service, made at first use and kept while the process lives."""
    return boto3.client(service, config=Config(max_pool_connections=CONNECTIONS))
