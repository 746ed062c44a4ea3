"""The door inside: each request to a service of AWS is allowed to whoever makes it, or refused.

A request that AWS would refuse never reaches moto. What was decided for roles and services is kept
in `usage`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from local.iam import (
    encryption_needs,
    evaluation,
    incoming,
    machine_needs,
    needs,
    object_needs,
    operations,
    refusals,
)
from local.iam.conditions import NotKnown
from local.iam.credentials import RoleNotFound, check_trust
from local.iam.incoming import Unreadable
from local.iam.need import Need
from local.iam.operations import Call, UnknownOperation
from local.iam.principals import Owner, Principal, Session, of_access_key
from local.iam.usage import Usage
from local.runtime.doorkeeper import Environ, Wsgi
from local.runtime.runtime import REGION

# Whose resources have policies of their own, which bind the account's owner too.
_OWN_POLICIES = ("s3", "sqs", "sns", "lambda", "kms")
# And of these it is asked whether a role that they are given trusts them.
_TAKE_ROLES = tuple(needs.PASSED_TO)
# A bucket's policy never locks its owner out for good:
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html
_ALWAYS_THE_OWNERS = ("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy")
_READS = ("GetObject", "HeadObject")


class Guard:
    """A WSGI application whose every call is allowed by IAM."""

    def __init__(self, application: Wsgi, usage: Usage) -> None:
        self._application, self._usage = application, usage

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        service = "s3"
        try:
            signed = incoming.signer(environ)
            service, principal = signed.service, of_access_key(signed.access_key)
            if isinstance(principal, Owner) and service not in (*_OWN_POLICIES, *_TAKE_ROLES):
                return self._application(environ, start_response)
            if not isinstance(principal, Owner) and signed.region not in ("", REGION):
                raise NotKnown(f"there is no {signed.region} here: all is in {REGION}")
            call = self._call(environ, service)
        except Unreadable as error:
            answer = refusals.answer(_nothing(service), error.code, str(error), error.status)
            return _send(environ, start_response, answer)
        except (NotKnown, UnknownOperation) as error:
            if isinstance(error, UnknownOperation) and isinstance(principal, Owner):
                return self._application(environ, start_response)  # a page of moto's, or nothing
            return _send(environ, start_response, refusals.unsure(_nothing(service), str(error)))
        refused = self._refusal(principal, call)
        if refused is not None:
            return _send(environ, start_response, refused)
        if call.operation in _READS and isinstance(principal, Session):
            return self._hiding(principal, call, environ, start_response)
        return self._application(environ, start_response)

    def _call(self, environ: Environ, service: str) -> Call:
        """Raises UnknownOperation and Unreadable."""
        form = incoming.form(environ, service)
        if form is not None:
            return form
        call = operations.call(service, incoming.request(environ, service))
        whole = call.operation == "DeleteObjects"
        return _with_objects(call, incoming.body(environ)) if whole else call

    def _refusal(self, principal: Principal, call: Call) -> refusals.Answer | None:
        try:
            return self._denied(principal, call) or self._disarranged(call)
        except NotKnown as error:
            return refusals.unsure(call, f"{principal.arn}, {call.operation}: {error}")

    def _denied(self, principal: Principal, call: Call) -> refusals.Answer | None:
        """What the caller may not do, and to whom a role is handed that does not trust it."""
        if isinstance(principal, Owner) and call.operation in _ALWAYS_THE_OWNERS:
            return None
        for need in _needs(principal, call):
            decision = evaluation.decide(principal, need)
            self._usage.record(principal, decision)
            if not decision.allowed:
                return refusals.denied(call, decision.message(principal))
        for role in needs.passed_roles(call):
            try:
                check_trust(role, needs.PASSED_TO[call.service])
            except RoleNotFound:
                return refusals.untrusted(call, role)
        return None

    def _disarranged(self, call: Call) -> refusals.Answer | None:
        """What the role of a state machine may not arrange."""
        for arrangement in machine_needs.of(call):
            for need in arrangement.needs:
                decision = evaluation.decide(arrangement.role, need)
                self._usage.record(arrangement.role, decision)
                if not decision.allowed:
                    return refusals.answer(call, "AccessDeniedException", arrangement.refusal, 400)
        return None

    def _hiding(
        self, principal: Session, call: Call, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Who may not list a bucket is not told that an object is missing:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""
        started: list[Any] = []
        body = self._application(environ, lambda *answer: started.append(answer))
        if started and str(started[-1][0]).startswith("404"):
            bucket = object_needs.bucket_of(call)
            try:
                decision = evaluation.decide(principal, Need("s3:ListBucket", bucket))
            except NotKnown as error:
                return _send(environ, start_response, refusals.unsure(call, str(error)))
            self._usage.record(principal, decision)
            if not decision.allowed:
                answer = refusals.denied(call, decision.message(principal))
                return _send(environ, start_response, answer)
        start_response(*started[-1])
        return body


def _nothing(service: str) -> Call:
    """A call that could not be read."""
    return Call(service, "", {}, "rest-xml" if service == "s3" else "json")


def _needs(principal: Principal, call: Call) -> list[Need]:
    try:
        return [*needs.of(call), *encryption_needs.of(call)]
    except NotKnown:
        if isinstance(principal, Owner):  # who may do whatever it is
            return []
        raise


def _with_objects(call: Call, body: bytes) -> Call:
    """S3's one call whose resources are in its body. Raises Unreadable."""
    if call.operation != "DeleteObjects":
        return call
    try:
        document = ElementTree.fromstring(body)  # noqa: S314 - of whoever can start processes here
    except ElementTree.ParseError as error:
        raise Unreadable(400, "MalformedXML", str(error)) from error
    objects = [
        (_text(item, "Key"), _text(item, "VersionId"))
        for item in document
        if item.tag.endswith("Object")
    ]
    parameters: Mapping[str, Any] = {**call.parameters, "Objects": objects}
    return Call(call.service, call.operation, parameters, call.protocol)


def _text(element: ElementTree.Element, name: str) -> str:
    return next((child.text or "" for child in element if child.tag.endswith(name)), "")


def _send(
    environ: Environ, start_response: Callable[..., Any], answer: refusals.Answer
) -> Iterable[bytes]:
    status, headers, body = answer
    incoming.drain(environ)
    start_response(status, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
