from __future__ import annotations

from typing import Any

import pytest
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

from local.iam import policies
from local.runtime.patch import pristine, replace

DENY_PLAIN = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "arn:aws:s3:::b/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.fixture
def installed() -> Any:
    policies.install(None)  # type: ignore[arg-type] - the hook needs no runtime
    yield
    replace(IAMPolicyStatement, "is_action_permitted", lambda original: original)


def decide(statement: dict[str, Any], **context: str) -> PermissionResult:
    result: PermissionResult = IAMPolicyStatement(statement).is_action_permitted(
        "s3:PutObject", "arn:aws:s3:::b/key", None, context
    )
    return result


def test_canary_moto_still_denies_whatever_the_condition_says() -> None:
    original = pristine(IAMPolicyStatement, "is_action_permitted")
    assert (
        original(IAMPolicyStatement(DENY_PLAIN), "s3:PutObject", "arn:aws:s3:::b/key")
        is PermissionResult.DENIED
    )


def test_tls_only_lets_the_runtimes_own_requests_pass(installed: None) -> None:
    assert decide(DENY_PLAIN) is PermissionResult.NEUTRAL


def test_a_met_condition_counts(installed: None) -> None:
    assert decide(DENY_PLAIN, **{"aws:SecureTransport": "false"}) is PermissionResult.DENIED
    allow = {**DENY_PLAIN, "Effect": "Allow", "Condition": {"StringEquals": {"k": ["a", "b"]}}}
    assert decide(allow, k="b") is PermissionResult.PERMITTED
    assert decide(allow, k="c") is PermissionResult.NEUTRAL
    assert decide(allow) is PermissionResult.NEUTRAL


def test_an_unknown_operator_is_named() -> None:
    with pytest.raises(NotImplementedError, match="DateGreaterThan"):
        policies.met({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}}, {})


@pytest.mark.parametrize(("wanted", "given"), [("true", {}), ("false", {"k": ""})])
def test_null_asks_whether_a_request_carries_a_key(wanted: str, given: dict[str, str]) -> None:
    other = {"true": "false", "false": "true"}[wanted]

    assert policies.met({"Null": {"k": wanted}}, given)
    assert not policies.met({"Null": {"k": other}}, given)
