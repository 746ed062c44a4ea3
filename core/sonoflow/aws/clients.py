"""AWS clients, one of each per process."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from botocore.config import Config

# As many requests as a function may have under way at a time. With the usual ten, every one beyond
# would open a connection of its own, TLS and all, and throw it away.
CONNECTIONS = 50
CONNECT_SECONDS = 5
READ_SECONDS = 30  # of silence: S3 and the other services answer at once, or something is wrong
# A model has 60 s for its answer, and whoever waits for it should wait for 70:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
INVOKE_SECONDS = 70
# Whoever invokes an endpoint is called again by SQS or by a state machine, after a pause that a
# second try within the same invocation would not make. What was refused before its model was asked
# is asked again by `inference/invocations.py`, which the client's own tries would multiply.
INVOKE_ATTEMPTS = 1


@functools.cache
def client(service: str) -> Any:
    """The client of an AWS service, made at first use and kept while the process lives."""
    config = Config(
        max_pool_connections=CONNECTIONS,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        # Connections are kept between invocations, and while a model computes nothing is said on
        # them: what lies between would forget a silent one without telling either side.
        tcp_keepalive=True,
    )
    if service == "sagemaker-runtime":
        retries = {"total_max_attempts": INVOKE_ATTEMPTS}
        config = config.merge(Config(read_timeout=INVOKE_SECONDS, retries=retries))
    return boto3.client(service, config=config)
