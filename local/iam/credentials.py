"""Session credentials of a role, for the principals that AWS would assume it for."""

from __future__ import annotations

import dataclasses
import functools
import re

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

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


@functools.cache
def role_credentials(role_arn: str, session_name: str) -> Credentials:
    """Credentials of an assumed-role session; one session per role and name.

    moto's AssumeRole accepts roles that do not exist; here that is an error.
    """
    try:
        iam_backends[ACCOUNT]["aws"].get_role_by_arn(role_arn)
    except NotFoundException as error:
        raise RoleNotFound(f"The role {role_arn} does not exist and cannot be assumed.") from error
    role = sts_backends[ACCOUNT]["aws"].assume_role(
        region_name=REGION,
        role_session_name=re.sub(r"[^\w+=,.@-]", "-", session_name)[:64],
        role_arn=role_arn,
        policy=None,
        duration=_DURATION,
        external_id=None,
    )
    return Credentials(role.access_key_id, role.secret_access_key, role.session_token)
