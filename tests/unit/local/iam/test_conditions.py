"""Operators and keys of conditions, as AWS documents them."""

from __future__ import annotations

from typing import Any

import pytest

from local.iam.conditions import Context, NotKnown, arn_like, like, met

TAG = "aws:RequestTag/team"


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "holds"),
    [
        ("StringEquals", "a", ["a"], True),
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", "a", ["A"], False),
        ("StringEquals", "a*", ["ab"], False),
        ("StringEquals", "a", [], False),
        ("StringEqualsIfExists", "a", [], True),
        ("StringEqualsIfExists", "a", ["b"], False),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringNotEquals", ["a", "b"], ["c"], True),
        ("StringNotEquals", "a", [], True),
        ("StringEqualsIgnoreCase", "a", ["A"], True),
        ("StringLike", "a*c?", ["abbcd"], True),
        ("StringLike", "a[bc]", ["ab"], False),
        ("StringNotLike", "a*", ["ab"], False),
        ("Bool", "true", ["true"], True),
        ("Bool", True, ["true"], True),
        ("Bool", "false", ["true"], False),
        ("Null", "true", [], True),
        ("Null", "true", ["x"], False),
        ("Null", False, ["x"], True),
        ("NumericLessThan", 5, ["4.5"], True),
        ("NumericGreaterThanEquals", "5", ["4"], False),
        ("NumericNotEquals", 5, ["5"], False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", ["2026-11-30T00:00:00Z"], True),
        ("DateLessThan", "2026-01-01T00:00:00Z", ["1800000000"], False),
        ("IpAddress", "127.0.0.0/8", ["127.0.0.1"], True),
        ("NotIpAddress", "10.0.0.0/8", ["127.0.0.1"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a"], [], True),
        ("ForAnyValue:StringEquals", ["a"], ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["a"], [], False),
        ("ForAnyValue:StringNotEquals", ["a"], [], False),
    ],
)
def test_an_operator_decides_as_documented(
    operator: str, wanted: Any, found: list[str], holds: bool
) -> None:
    context: Context = {TAG: found} if found else {}

    assert met({operator: {TAG: wanted}}, context) is holds


def test_every_condition_must_hold() -> None:
    context = {"aws:SecureTransport": ["true"], "aws:SourceAccount": ["1"]}

    assert met(
        {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"AWS:sourceaccount": "1"}},
        context,
    )
    assert not met(
        {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:SourceAccount": "2"}},
        context,
    )


@pytest.mark.parametrize(
    ("conditions", "named"),
    [
        ({"StringEquals": {"ec2:Vpc": "x"}}, "ec2:Vpc"),
        ({"StringSounds": {TAG: "x"}}, "StringSounds"),
        ({"ForSomeValues:StringEquals": {TAG: "x"}}, "ForSomeValues"),
    ],
)
def test_what_is_not_known_is_no_answer(conditions: Any, named: str) -> None:
    with pytest.raises(NotKnown, match=named):
        met(conditions, {TAG: ["x"]})


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        ("*", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k/l", True),
        ("arn:aws:s3:::b", "arn:aws:s3:::b/k", False),
        ("arn:*:sns:*:1:t", "arn:aws:sns:us-east-1:1:t", True),
        ("arn:aws:sns:*:t", "arn:aws:sns:us-east-1:1:t", False),
        ("arn:aws:states:*:1:execution:m*", "arn:aws:states:us-east-1:1:execution:m/a:b", True),
        ("arn:aws:states:*:execution:m", "arn:aws:states:us-east-1:1:execution:m", False),
    ],
)
def test_a_wildcard_stays_within_its_part_of_an_arn(pattern: str, arn: str, matches: bool) -> None:
    assert arn_like(pattern, arn) is matches


def test_only_stars_and_question_marks_are_special() -> None:
    assert like("a.c", "a.c")
    assert not like("a.c", "abc")
    assert like("*", "line\nbreak")
