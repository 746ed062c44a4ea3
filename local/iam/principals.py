"""Who asks: the machine's user, a role's session, or one of AWS's services.

Every request to the runtime names an access key, whose signature nobody checks: the port is closed
to others. A session's key comes from STS, a service's from `key_of_service`; any other is the
user's, who may do all that an account's root user may.
"""

from __future__ import annotations

import dataclasses
import functools
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from local.iam.conditions import Context
from local.iam.statements import Statement, read
from local.runtime.runtime import ACCOUNT

PARTITION = "aws"


@dataclasses.dataclass(frozen=True)
class Owner:
    """The user of this machine."""

    arn: str = f"arn:{PARTITION}:iam::{ACCOUNT}:root"

    @property
    def facts(self) -> Context:
        return _of_account(self.arn, "Account", ACCOUNT)

    def is_meant_by(self, principal: Any) -> bool:
        return _names(principal, "AWS", self.arn, ACCOUNT)


@dataclasses.dataclass(frozen=True)
class Session:
    """A session of a role."""

    role_arn: str
    name: str
    function_arn: str = ""  # whose code has the session's credentials, if a function's has

    @property
    def role(self) -> str:
        return self.role_arn.rsplit("/", 1)[1]

    @property
    def arn(self) -> str:
        return f"arn:{PARTITION}:sts::{ACCOUNT}:assumed-role/{self.role}/{self.name}"

    @property
    def facts(self) -> Context:
        facts = _of_account(self.role_arn, "AssumedRole", f"{self.role}:{self.name}")
        if self.function_arn:
            facts["lambda:SourceFunctionArn"] = [self.function_arn]
        return facts

    def is_meant_by(self, principal: Any) -> bool:
        return _names(principal, "AWS", self.role_arn, self.arn)

    def identity_policies(self) -> list[Statement]:
        """Of the role: its own, and those attached."""
        role = _role(self.role_arn)
        if role is None:  # deleted meanwhile: its sessions live on and may do nothing
            return []
        own = [read(name, document) for name, document in role.policies.items()]
        managed = [_managed(policy) for policy in role.managed_policies.values()]
        return [statement for statements in own + managed for statement in statements]

    def boundary(self) -> Sequence[Statement] | None:
        """The statements of the role's permissions boundary, if it has one."""
        role = _role(self.role_arn)
        arn = role.permissions_boundary_arn if role is not None else None
        if not arn:
            return None
        try:
            return _managed(iam_backends[ACCOUNT][PARTITION].get_policy(arn))
        except NotFoundException:  # deleted meanwhile: it allows nothing
            return []


@dataclasses.dataclass(frozen=True)
class Service:
    """One of AWS's services, on behalf of a resource of this account."""

    name: str  # events.amazonaws.com
    source: str  # the resource's ARN

    @property
    def arn(self) -> str:
        return self.name

    @property
    def facts(self) -> Context:
        return {
            "aws:PrincipalIsAWSService": ["true"],
            "aws:PrincipalServiceName": [self.name],
            "aws:SourceArn": [self.source],
            "aws:SourceAccount": [ACCOUNT],
        }

    def is_meant_by(self, principal: Any) -> bool:
        return _names(principal, "Service", self.name)


Principal = Owner | Session | Service
_services: dict[str, Service] = {}
_functions: dict[str, str] = {}


def of_access_key(access_key: str) -> Principal:
    """Whose it is."""
    if access_key in _services:
        return _services[access_key]
    return _session(access_key) or Owner()


@functools.cache
def key_of_service(name: str, source: str) -> str:
    """An access key whose requests are a service's, on behalf of a resource."""
    access_key = f"SERVICE{uuid.uuid4().hex.upper()}"
    _services[access_key] = Service(name, source)
    return access_key


def given_to_code_of(access_key: str, function_arn: str) -> None:
    """A session's key is one that a function's own code works with:
    https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html"""
    _functions[access_key] = function_arn


@functools.lru_cache(maxsize=1024)
def _known_session(access_key: str) -> Session:
    found = sts_backends[ACCOUNT][PARTITION].get_assumed_role_from_access_key(access_key)
    if found is None:
        raise LookupError(access_key)
    return Session(found.role_arn, found.session_name, _functions.get(access_key, ""))


def _session(access_key: str) -> Session | None:
    try:
        return _known_session(access_key)  # a miss is not kept: the key may be given out later
    except LookupError:
        return None


def _role(arn: str) -> Any:
    try:
        return iam_backends[ACCOUNT][PARTITION].get_role_by_arn(arn)
    except NotFoundException:
        return None


def _managed(policy: Any) -> Sequence[Statement]:
    (document,) = [each.document for each in policy.versions if each.is_default]
    return read(policy.name, document)


def _of_account(arn: str, kind: str, user: str) -> dict[str, Sequence[str]]:
    return {
        "aws:PrincipalArn": [arn],
        "aws:PrincipalAccount": [ACCOUNT],
        "aws:PrincipalType": [kind],
        "aws:PrincipalIsAWSService": ["false"],
        "aws:SourceOwner": [ACCOUNT],
        "aws:userid": [user],
    }


def _names(principal: Any, kind: str, *names: str) -> bool:
    """Whether a statement's Principal names one of these; `*` names everybody."""
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    named = principal.get(kind, [])
    named = named if isinstance(named, list) else [named]
    return "*" in named or any(name in named for name in names)
