"""Conditions of policy statements, which moto takes as met whatever they say, and the facts of a
request that a bucket's policy asks for, which moto does not pass on."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from typing import Any

import flask
from moto.iam.access_control import IAMPolicy, IAMPolicyStatement, PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from local.runtime.patch import replace
from local.runtime.runtime import Runtime

Context = Mapping[str, str]
# Requests reach the runtime over loopback, which nobody can listen in on: that is TLS's promise.
_ALWAYS = {"aws:SecureTransport": "true"}

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Bool": lambda wanted, found: wanted.lower() == found.lower(),
    "StringEquals": lambda wanted, found: wanted == found,
    "StringLike": lambda wanted, found: fnmatch.fnmatchcase(found, wanted),
    "ArnLike": lambda wanted, found: fnmatch.fnmatchcase(found, wanted),
    "ArnEquals": lambda wanted, found: fnmatch.fnmatchcase(found, wanted),
}


_NOT_THE_OBJECT = ("acl", "legal-hold", "retention", "tagging")  # what else a PUT may change


def install(runtime: Runtime) -> None:
    replace(IAMPolicyStatement, "is_action_permitted", _conditional)
    replace(FakeBucket, "get_permission", _informed)
    replace(S3Response, "_bucket_response_post", _form_like_any_upload)


def _conditional(original: Callable[..., PermissionResult]) -> Callable[..., PermissionResult]:
    """moto: knows StringEquals alone, counts an absent key as equal, and takes a statement whose
    condition is not met for a denial; a bucket that denies requests without TLS denies all.
    AWS: such a statement does not apply."""

    def is_action_permitted(
        self: IAMPolicyStatement,
        action: str,
        resource: str = "*",
        principal: str | None = None,
        incoming_condition_values: dict[str, str] | None = None,
    ) -> PermissionResult:
        statement = self._statement
        if not met(
            statement.get("Condition", {}), {**_ALWAYS, **(incoming_condition_values or {})}
        ):
            return PermissionResult.NEUTRAL
        unconditional = {name: part for name, part in statement.items() if name != "Condition"}
        return original(IAMPolicyStatement(unconditional), action, resource, principal)

    return is_action_permitted


def _informed(_original: Callable[..., PermissionResult]) -> Callable[..., PermissionResult]:
    """moto: a bucket's policy is told of action and resource alone, and the end of a multipart
    upload is `s3:PostObject`. AWS: it is a `s3:PutObject` too, and the policy may ask for more."""

    def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        asked = "s3:PutObject" if action == "s3:PostObject" else action
        facts = _facts(flask.request) if flask.has_request_context() else {}
        policy = IAMPolicy(self.policy.decode())
        return policy.is_action_permitted(asked, resource, None, facts)

    return get_permission


def _form_like_any_upload(original: Callable[..., Any]) -> Callable[..., Any]:
    """moto: asks no bucket policy about an upload by a form. AWS: it is a `s3:PutObject`."""

    def _bucket_response_post(self: S3Response, request: Any, bucket_name: str) -> Any:
        for key in filter(None, [self.form_data.get("key")]):
            bucket = self.backend.get_bucket(bucket_name)
            resource = f"arn:{bucket.partition}:s3:::{bucket_name}/{key}"
            if bucket.get_permission("s3:PutObject", resource) == PermissionResult.DENIED:
                return 403, {}, ""
        return original(self, request, bucket_name)

    return _bucket_response_post


def _facts(request: flask.Request) -> dict[str, str]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html"""
    part = (request.method == "POST" and "uploads" in request.args) or (
        request.method == "PUT" and {"uploadId", "partNumber"} <= set(request.args)
    )
    creates = not part and not any(name in request.args for name in _NOT_THE_OBJECT)
    facts = {"s3:ObjectCreationOperation": "true" if creates else "false"}
    if_none_match = request.headers.get("If-None-Match")
    return facts if if_none_match is None else {**facts, "s3:if-none-match": if_none_match}


def met(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every condition holds; a key that the request does not carry holds for none.

    Raises NotImplementedError for an operator that is not known here.
    """
    for operator, wanted_by_key in conditions.items():
        if operator == "Null":
            absent = {key: str(key not in context).lower() for key in wanted_by_key}
            if absent != {key: str(wanted).lower() for key, wanted in wanted_by_key.items()}:
                return False
            continue
        if operator not in _OPERATORS:
            raise NotImplementedError(f"the condition operator {operator} is not implemented")
        holds = _OPERATORS[operator]
        for key, wanted in wanted_by_key.items():
            choices = wanted if isinstance(wanted, list) else [wanted]
            found = context.get(key)
            if found is None or not any(holds(str(choice), found) for choice in choices):
                return False
    return True
