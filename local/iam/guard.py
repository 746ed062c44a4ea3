"""The door inside: each request to a service of AWS is allowed to whoever makes it, or refused.

A request that AWS would refuse never reaches moto. What was decided for roles and services is kept
in `usage`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from werkzeug.formparser import parse_form_data

from local.iam import (
    encryption_needs,
    evaluation,
    machine_needs,
    needs,
    object_needs,
    operations,
    refusals,
)
from local.iam.conditions import NotKnown
from local.iam.credentials import RoleNotFound, check_trust
from local.iam.need import Need
from local.iam.operations import Call, Request, UnknownOperation
from local.iam.principals import Owner, Principal, Session, of_access_key
from local.iam.usage import Usage
from local.runtime.doorkeeper import Environ, Wsgi

# Credential=KEY/20261130/us-east-1/s3/aws4_request
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/[^/]*/([^/]+)/aws4_request")
# Whose resources have policies of their own, which bind the account's owner too.
_OWN_POLICIES = ("s3", "sqs", "sns", "lambda", "kms")
# And of these it is asked whether a role that they are given trusts them.
_TAKE_ROLES = tuple(needs.PASSED_TO)
_READS = ("GetObject", "HeadObject")
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_LARGEST_BODY = 8 << 20  # of calls whose meaning is in the body; objects and payloads are not read


class Guard:
    """A WSGI application whose every call is allowed by IAM."""

    def __init__(self, application: Wsgi, usage: Usage) -> None:
        self._application, self._usage = application, usage

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        access_key, service = _signer(environ)
        principal = of_access_key(access_key)
        if isinstance(principal, Owner) and service not in (*_OWN_POLICIES, *_TAKE_ROLES):
            return self._application(environ, start_response)
        try:
            call = _form(environ, service) or operations.call(service, _request(environ, service))
        except UnknownOperation as error:
            if isinstance(principal, Owner):  # a page of moto's, or nothing at all
                return self._application(environ, start_response)
            call = Call(service, "", {}, "rest-xml" if service == "s3" else "json")
            return _send(environ, start_response, refusals.unsure(call, str(error)))
        call = _with_objects(call, environ)
        refused = self._refusal(principal, call)
        if refused is not None:
            return _send(environ, start_response, refused)
        if call.operation in _READS and isinstance(principal, Session):
            return self._hiding(principal, call, environ, start_response)
        return self._application(environ, start_response)

    def _refusal(self, principal: Principal, call: Call) -> refusals.Answer | None:
        try:
            return self._denied(principal, call) or self._disarranged(call)
        except NotKnown as error:
            return refusals.unsure(call, f"{principal.arn}, {call.operation}: {error}")

    def _denied(self, principal: Principal, call: Call) -> refusals.Answer | None:
        """What the caller may not do, and to whom a role is handed that does not trust it."""
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
            decision = evaluation.decide(principal, Need("s3:ListBucket", bucket))
            self._usage.record(principal, decision)
            if not decision.allowed:
                answer = refusals.denied(call, decision.message(principal))
                return _send(environ, start_response, answer)
        start_response(*started[-1])
        return body


def _needs(principal: Principal, call: Call) -> list[Need]:
    try:
        return [*needs.of(call), *encryption_needs.of(call)]
    except NotKnown:
        if isinstance(principal, Owner):  # who may do whatever it is
            return []
        raise


def _signer(environ: Environ) -> tuple[str, str]:
    """The access key of a request, and the service that it was signed for. Unsigned requests are
    the user's, from a browser or a shell, and mean S3, as moto takes them."""
    found = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if found is not None:
        return found[1], found[2]
    presigned = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
    parts = presigned.split("/")
    return (parts[0], parts[3]) if len(parts) == 5 else ("", "s3")


def _request(environ: Environ, service: str) -> Request:
    path = str(environ["REQUEST_URI"]).partition("?")[0]
    host = str(environ.get("HTTP_HOST", "")).partition(":")[0]
    if service == "s3" and host.endswith(".localhost"):
        path = f"/{host.removesuffix('.localhost').removesuffix('.s3')}{path}"
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = str(environ["CONTENT_TYPE"])
    meant = service != "s3" and not path.endswith("/invocations")
    return Request(
        str(environ["REQUEST_METHOD"]),
        path,
        str(environ.get("QUERY_STRING", "")),
        headers,
        _body(environ) if meant else b"",
    )


def _form(environ: Environ, service: str) -> Call | None:
    """An upload by a form, which no model has:
    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html"""
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0]
    if service != "s3" or environ["REQUEST_METHOD"] != "POST" or kind not in _FORMS:
        return None
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    _, fields, _ = parse_form_data({**environ, "wsgi.input": io.BytesIO(content)})
    environ["wsgi.input"] = io.BytesIO(content)
    bucket = _request(environ, service).path.strip("/")
    if not fields.get("key") or "/" in bucket:
        return None
    return Call(service, "PutObject", {"Bucket": bucket, "Key": fields["key"]}, "rest-xml")


def _body(environ: Environ) -> bytes:
    """Read, and put back for whoever comes next."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= _LARGEST_BODY:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _with_objects(call: Call, environ: Environ) -> Call:
    """S3's one call whose resources are in its body."""
    if call.operation != "DeleteObjects":
        return call
    document = ElementTree.fromstring(_body(environ) or b"<Delete/>")  # noqa: S314 - the user's own
    objects = [
        (_text(item, "Key"), _text(item, "VersionId"))
        for item in document
        if item.tag.endswith("Object")
    ]
    parameters: Mapping[str, Any] = {**call.parameters, "Objects": objects}
    return Call(call.service, call.operation, parameters, call.protocol)


def _text(element: ElementTree.Element, name: str) -> str:
    return next((unquote(child.text or "") for child in element if child.tag.endswith(name)), "")


def _send(
    environ: Environ, start_response: Callable[..., Any], answer: refusals.Answer
) -> Iterable[bytes]:
    status, headers, body = answer
    _drain(environ)
    start_response(status, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _drain(environ: Environ) -> None:
    """A client that is answered before it has sent everything may see a broken connection."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    stream = environ["wsgi.input"]
    while length > 0 and (chunk := stream.read(min(length, 1 << 20))):
        length -= len(chunk)
