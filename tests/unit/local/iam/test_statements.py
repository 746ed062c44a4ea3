"""Which statements apply: elements and their negations, wildcards and variables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.iam.conditions import NotKnown
from local.iam.statements import read

KEY = "arn:aws:s3:::bucket/own/key"


def applies(body: dict[str, Any], action: str = "s3:GetObject", resource: str = KEY) -> bool:
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **body}}
    (statement,) = read("policy", json.dumps(document))
    return statement.applies(action, resource, {"aws:PrincipalAccount": ["own"]})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Action": "s3:GetObject", "Resource": KEY}, True),
        ({"Action": "S3:getobject", "Resource": KEY}, True),
        ({"Action": ["s3:Put*", "s3:Get*"], "Resource": KEY}, True),
        ({"Action": "s3:Put*", "Resource": KEY}, False),
        ({"NotAction": "s3:Put*", "Resource": KEY}, True),
        ({"NotAction": "s3:Get*", "Resource": KEY}, False),
        ({"Action": "*", "NotResource": "arn:aws:s3:::other/*"}, True),
        ({"Action": "*", "NotResource": "arn:aws:s3:::bucket/*"}, False),
        ({"Action": "*", "Resource": "arn:aws:s3:::bucket/own"}, False),
        ({"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:PrincipalAccount}/*"}, True),
        ({"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:userid, 'own'}/*"}, True),
        ({"Action": "*"}, True),
    ],
)
def test_a_statement_applies_as_documented(body: dict[str, Any], expected: bool) -> None:
    assert applies(body) is expected


def test_what_an_arn_leaves_out_may_be_anything() -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:q"

    assert applies({"Action": "*", "Resource": "arn:aws:sqs:us-east-1:*"}, resource=queue)
    assert not applies({"Action": "*", "Resource": "arn:aws:sqs:eu-west-1:*"}, resource=queue)


def test_a_variable_that_nobody_fills_in_is_no_answer() -> None:
    with pytest.raises(NotKnown, match="aws:username"):
        applies({"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:username}"})


@pytest.mark.parametrize("body", [{"Effect": "Perhaps"}, {"Effect": "Allow", "Actions": "*"}])
def test_an_element_that_policies_do_not_have_is_no_answer(body: dict[str, Any]) -> None:
    with pytest.raises(NotKnown):
        read("policy", json.dumps({"Statement": [body]}))
