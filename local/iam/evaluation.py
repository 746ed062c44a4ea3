"""Whether a principal may do what it needs to.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
for one account without organisation: an explicit deny wins; an allow comes from the identity's
policies, within its boundary, or from the resource's own.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Sequence

from local.iam import resource_policies
from local.iam.conditions import Context, NotKnown
from local.iam.need import Need
from local.iam.principals import Owner, Principal, Service, Session
from local.iam.statements import Statement, read
from local.runtime.runtime import ACCOUNT, REGION


@dataclasses.dataclass(frozen=True)
class Decision:
    """What was decided about one need, and by which statement."""

    need: Need
    allowed: bool
    statement: Statement | None  # the one that allows or denies; None: nobody allows it
    reason: str  # AWS's, where it is refused

    def message(self, principal: Principal) -> str:
        """As AWS words it."""
        resource = self.need.resource
        if self.need.action.startswith("s3:"):
            resource = f'"{resource}"'
        return (
            f"User: {principal.arn} is not authorized to perform: {self.need.action} on resource: "
            f"{resource} {self.reason}"
        )


def decide(principal: Principal, need: Need) -> Decision:
    """Raises NotKnown where a policy asks for what is not implemented."""
    context = facts(principal, need)
    owned = resource_policies.of(need.resource)
    applying = _applying((each for each in owned if _is_meant(each, principal)), need, context)
    identity: list[Statement] = []
    if isinstance(principal, Session):
        identity = _applying(principal.identity_policies(), need, context)
        asks = need.action.startswith("kms:") or need.action == "sts:AssumeRole"
        if asks and not _delegates(owned, need, context):
            identity = [statement for statement in identity if statement.denies]
        boundary = principal.boundary()
        if boundary is not None:
            return _bounded(need, identity, applying, _applying(boundary, need, context))
    return _decided(need, identity, applying, owner=isinstance(principal, Owner))


def _delegates(key_policy: Iterable[Statement], need: Need, context: Context) -> bool:
    """Whether a key leaves it to the account's own policies who may use it, or a role who may take
    it on. No other resource asks:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"""
    meant = (each for each in key_policy if _is_meant(each, Owner()))
    return any(not statement.denies for statement in _applying(meant, need, context))


def facts(principal: Principal, need: Need) -> Context:
    """All that conditions may ask of this request."""
    now = datetime.datetime.now(datetime.UTC)
    return {
        # Loopback, which nobody can listen in on: that is TLS's promise.
        "aws:SecureTransport": ["true"],
        "aws:SourceIp": ["127.0.0.1"],
        "aws:RequestedRegion": [REGION],
        "aws:ResourceAccount": [ACCOUNT],
        "aws:ViaAWSService": ["false"],
        "aws:CurrentTime": [now.isoformat(timespec="seconds").replace("+00:00", "Z")],
        "aws:EpochTime": [str(int(now.timestamp()))],
        **principal.facts,
        **need.facts,
    }


def _is_meant(statement: Statement, principal: Principal) -> bool:
    body = statement.body
    # The account stands for everybody in it where it is denied something, not where it is let.
    denies_all = statement.denies and isinstance(principal, Session)
    if denies_all and Owner().is_meant_by(body.get("Principal", {})):
        return True
    if "NotPrincipal" in body:
        return not principal.is_meant_by(body["NotPrincipal"])
    return principal.is_meant_by(body.get("Principal", {}))


def _applying(statements: Iterable[Statement], need: Need, context: Context) -> list[Statement]:
    return [each for each in statements if each.applies(need.action, need.resource, context)]


def _decided(
    need: Need, identity: Sequence[Statement], resource: Sequence[Statement], *, owner: bool
) -> Decision:
    for statements, kind in ((resource, "a resource-based"), (identity, "an identity-based")):
        for statement in statements:
            if statement.denies:
                return Decision(need, False, statement, f"with an explicit deny in {kind} policy")
    for statement in (*identity, *resource):
        return Decision(need, True, statement, "")
    if owner:
        return Decision(need, True, None, "")
    kind = "resource-based" if need.action == "sts:AssumeRole" else "identity-based"
    reason = f"because no {kind} policy allows the {need.action} action"
    return Decision(need, False, None, reason)


def _bounded(
    need: Need,
    identity: Sequence[Statement],
    resource: Sequence[Statement],
    boundary: Sequence[Statement],
) -> Decision:
    for statement in boundary:
        if statement.denies:
            reason = "with an explicit deny in a permissions boundary"
            return Decision(need, False, statement, reason)
    decision = _decided(need, identity, resource, owner=False)
    if decision.allowed and not boundary:
        reason = f"because no permissions boundary allows the {need.action} action"
        return Decision(need, False, None, reason)
    return decision


def trusts(document: str, role_arn: str, service: str, source: str) -> bool:
    """Whether a role's trust policy lets a service take the role on, for a resource."""
    if "aws:sourcearn" in document.lower():
        raise NotKnown(f"the trust policy of {role_arn} asks for aws:SourceArn, which is not told")
    principal = Service(service, source)
    need = Need("sts:AssumeRole", role_arn)
    meant = [each for each in read("trust policy", document) if _is_meant(each, principal)]
    return _decided(need, [], _applying(meant, need, facts(principal, need)), owner=False).allowed
