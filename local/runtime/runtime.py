"""What every module of the laptop runtime shares: where it runs, its clients and its children.

A service of the runtime (`events`, `lambdas`, `sagemaker.training` …) has one public entry point,
`install(runtime)`, called once before the server takes requests. It registers its hooks on moto
and keeps `runtime` for later.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.runtime.reaper import Reaper

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK = "sonoflow"


@dataclasses.dataclass(frozen=True)
class Runtime:
    """One running laptop runtime, inside its server process."""

    port: int
    state: Path  # scratch space and logs of this run, below .sonoflow/
    root: Path  # the repository: template.yaml and what it refers to
    reaper: Reaper  # ends every child process when this process goes, however it goes
    account: str = ACCOUNT
    region: str = REGION

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        """The runtime's own client, unrestricted; cached per service (boto3 clients are
        thread-safe)."""
        return _cached_client(self.endpoint_url, self.region, service)


def open_client(endpoint_url: str, region: str, service: str) -> Any:
    """A client of a runtime, with all that its one user may do."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - loopback only, checked by nobody
        config=Config(
            retries={"total_max_attempts": 1},
            max_pool_connections=64,
            read_timeout=900,
            s3={"addressing_style": "path"},
        ),
    )


_cached_client = functools.cache(open_client)
