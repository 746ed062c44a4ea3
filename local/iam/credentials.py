"""Session credentials of a role, for the principals that AWS would assume it for."""

from __future__ import annotations

import dataclasses
import functools
import re

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from local.iam.evaluation import trusts
from local.iam.principals import given_to_code_of
from local.runtime.runtime import ACCOUNT, REGION, Runtime

_DURATION = 12 * 3600  # seconds; moto does not enforce it, so nothing has to be renewed


@dataclasses.dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str
    session_token: str


class RoleNotFound(Exception):
    """A function, job or state machine names a role that does not exist."""


def install(runtime: Runtime) -> None:
    """Nothing to hook: moto's STS hands out role credentials as AWS does."""


class RoleNotTrusting(RoleNotFound):
    """A role's trust policy does not let the service take it on."""


def check_trust(role_arn: str, service: str) -> None:
    """Raises RoleNotFound unless the role is there and trusts a service of AWS.

    moto's AssumeRole accepts roles that do not exist, for everybody.
    """
    try:
        role = iam_backends[ACCOUNT]["aws"].get_role_by_arn(role_arn)
    except NotFoundException as error:
        raise RoleNotFound(f"The role {role_arn} does not exist and cannot be assumed.") from error
    source = f"arn:aws:{service.partition('.')[0]}:{REGION}:{ACCOUNT}:*"
    if not trusts(role.assume_role_policy_document, role_arn, service, source):
        raise RoleNotTrusting(
            f"The role {role_arn} does not let {service} assume it: its trust policy has no "
            "statement that allows sts:AssumeRole to it."
        )


def role_credentials(
    role_arn: str, session_name: str, service: str, function_arn: str = ""
) -> Credentials:
    """Credentials of a session of a role that a service (`lambda.amazonaws.com`) assumes; one
    session per role, name and service, and for the code of each function. Raises RoleNotFound."""
    check_trust(role_arn, service)  # which may have been withdrawn since
    return _assumed(role_arn, session_name, service, function_arn)


@functools.cache
def _assumed(role_arn: str, session_name: str, service: str, function_arn: str) -> Credentials:
    role = sts_backends[ACCOUNT]["aws"].assume_role(
        region_name=REGION,
        role_session_name=re.sub(r"[^\w+=,.@-]", "-", session_name)[:64],
        role_arn=role_arn,
        policy=None,
        duration=_DURATION,
        external_id=None,
    )
    if function_arn:
        given_to_code_of(role.access_key_id, function_arn)
    return Credentials(role.access_key_id, role.secret_access_key, role.session_token)
