"""Clients that call the runtime as AWS's services do: with a role's session, or as themselves."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from botocore.config import Config
from moto.stepfunctions.parser.asl.utils import boto_client

from local.iam.credentials import Credentials, check_trust, role_credentials
from local.iam.principals import key_of_service
from local.runtime import patch
from local.runtime.runtime import Runtime

# A function may run for 15 minutes; a task waits for its answer.
_READ_SECONDS = 15 * 60 + 30

_runtime: Runtime | None = None


def install(runtime: Runtime) -> None:
    """moto: `localhost`, fixed keys, no validation of parameters. AWS: the role's session."""
    global _runtime
    _runtime = runtime
    patch.replace_imported(boto_client, "boto_client_for", client_for, package="moto.stepfunctions")


def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
    """A client with the session credentials of the role that `state_credentials` names."""
    if _runtime is None:
        raise RuntimeError("local.iam.role_clients is not installed.")
    if state_credentials is None:
        return _runtime.client(service)
    role = state_credentials.role_arn
    return client_of_role(_runtime, service, role, "StepFunctions", "states.amazonaws.com", region)


def client_of_role(
    runtime: Runtime,
    service: str,
    role_arn: str,
    session: str,
    principal: str,
    region: str | None = None,
) -> Any:
    """A cached client with the credentials of one session of a role, which `principal`
    (`sagemaker.amazonaws.com`) assumes. Raises RoleNotFound."""
    check_trust(role_arn, principal)
    where = (runtime.endpoint_url, region or runtime.region)
    return _client(*where, service, role_arn, session, principal)


def client_of_service(runtime: Runtime, service: str, principal: str, source: str) -> Any:
    """A cached client with which one of AWS's services (`events.amazonaws.com`) calls another, on
    behalf of the resource whose ARN is `source`."""
    return _service_client(runtime.endpoint_url, runtime.region, service, principal, source)


@functools.cache
def _client(
    endpoint_url: str, region: str, service: str, role_arn: str, session: str, principal: str
) -> Any:
    credentials = role_credentials(role_arn, session, principal)
    return _open(endpoint_url, region, service, credentials)


@functools.cache
def _service_client(
    endpoint_url: str, region: str, service: str, principal: str, source: str
) -> Any:
    access_key = key_of_service(principal, source)
    return _open(endpoint_url, region, service, Credentials(access_key, access_key, ""))


def _open(endpoint_url: str, region: str, service: str, credentials: Credentials) -> Any:
    return boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.session_token or None,
        config=Config(
            retries={"total_max_attempts": 1},  # callers decide: a state has its own Retry
            read_timeout=_READ_SECONDS,
            max_pool_connections=64,
            s3={"addressing_style": "path"},
            # Loopback needs no checksums, and moto takes twice as long over a body with trailers.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
