"""The Rules section of a template, evaluated as CloudFormation does."""

from __future__ import annotations

from typing import Any

import pytest

from local.cloudformation import rules
from local.cloudformation.template import TemplateError

VALUES = {"Size": "3", "Colour": "red", "Names": ["a", "b"], "AWS::Region": "us-east-1"}
RED, BLUE = {"Fn::Equals": [{"Ref": "Colour"}, "red"]}, {"Fn::Equals": [{"Ref": "Colour"}, "blue"]}
REGION = {"Ref": "AWS::Region"}
NAMES = {"Ref": "Names"}


def check(assertion: Any, condition: Any = None) -> None:
    rule = {"Assertions": [{"Assert": assertion, "AssertDescription": "Red it must be."}]}
    if condition is not None:
        rule["RuleCondition"] = condition
    rules.check({"Rules": {"Colours": rule}}, VALUES)


@pytest.mark.parametrize(
    ("assertion", "holds"),
    [
        (RED, True),
        (BLUE, False),
        ({"Fn::Equals": [{"Ref": "Size"}, 3]}, True),
        ({"Fn::Equals": [{"Ref": "Size"}, 3.0]}, False),
        ({"Fn::Equals": [NAMES, ["a", "b"]]}, True),
        ({"Fn::Not": [BLUE]}, True),
        ({"Fn::Not": [RED]}, False),
        ({"Fn::And": [RED, {"Fn::Not": [BLUE]}]}, True),
        ({"Fn::And": [RED, BLUE]}, False),
        ({"Fn::Or": [BLUE, RED]}, True),
        ({"Fn::Or": [BLUE, BLUE]}, False),
        ({"Fn::Contains": [["eu-west-1", "us-east-1"], REGION]}, True),
        ({"Fn::Contains": [["eu-west-1", "us-east-12"], REGION]}, False),
        ({"Fn::Contains": [NAMES, "b"]}, True),
        ({"Fn::Contains": [["green", {"Ref": "Colour"}], "red"]}, True),
        ({"Fn::EachMemberEquals": [["red", "red"], {"Ref": "Colour"}]}, True),
        ({"Fn::EachMemberEquals": [["red", "blue"], {"Ref": "Colour"}]}, False),
        ({"Fn::EachMemberIn": [NAMES, ["a", "b", "c"]]}, True),
        ({"Fn::EachMemberIn": [["a", "d"], NAMES]}, False),
    ],
)
def test_an_assertion_holds_or_its_description_is_the_reason(assertion: Any, holds: bool) -> None:
    if holds:
        check(assertion)
    else:
        with pytest.raises(TemplateError, match=r"^Red it must be\.$"):
            check(assertion)


def test_a_rule_whose_condition_is_false_asserts_nothing() -> None:
    check(BLUE, condition=BLUE)

    with pytest.raises(TemplateError, match="Red it must be"):
        check(BLUE, condition=RED)


def test_everything_that_does_not_hold_is_told_at_once() -> None:
    assertions = [{"Assert": BLUE, "AssertDescription": "One."}, {"Assert": RED}, {"Assert": BLUE}]
    template = {
        "Rules": {"First": {"Assertions": assertions}, "Second": {"Assertions": assertions}}
    }

    with pytest.raises(TemplateError) as refused:
        rules.check(template, VALUES)

    assert str(refused.value).splitlines() == [
        "One.",
        "An assertion of rule First does not hold.",
        "One.",
        "An assertion of rule Second does not hold.",
    ]


@pytest.mark.parametrize(
    ("assertion", "message"),
    [
        ({"Fn::If": [RED, BLUE, RED]}, "Fn::If is not implemented there"),
        ({"Fn::RefAll": "AWS::EC2::VPC::Id"}, "Fn::RefAll is not implemented there"),
        ({"Condition": "Known"}, "Condition is not implemented there"),
        (True, "True is no function"),
        ("true", "'true' is no function"),
        ({**RED, **{"Fn::Not": [RED]}}, "is no function"),
        ({"Fn::Not": RED}, "Fn::Not takes a list"),
        ({"Fn::Not": [RED, RED]}, "2 arguments where 1 are needed"),
        ({"Fn::And": [RED]}, "1 conditions where two to ten"),
        ({"Fn::Or": [RED] * 11}, "11 conditions where two to ten"),
        ({"Fn::Or": [RED, {"Fn::Odd": []}]}, "Fn::Odd is not implemented there"),
        ({"Fn::Equals": ["red"]}, "1 arguments where 2 are needed"),
        ({"Fn::Equals": [{"Fn::FindInMap": ["M", "k", "v"]}, ""]}, "literal or a Ref"),
        ({"Fn::Equals": [{"Fn::Sub": "${Colour}"}, ""]}, "literal or a Ref"),
        ({"Fn::Equals": [{"Ref": "Queue"}, ""]}, "Queue is neither a parameter nor"),
        ({"Fn::Contains": ["red", "red"]}, "'red' is no list"),
        ({"Fn::Contains": [["red"], NAMES]}, "is a list where a text"),
        ({"Fn::EachMemberIn": [["red"], "red"]}, "'red' is no list"),
    ],
)
def test_what_a_rule_cannot_say_is_refused(assertion: Any, message: str) -> None:
    with pytest.raises(TemplateError, match="rule Colours: .*" + message):
        check(assertion)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ([], "Rules must be an object"),
        ({"a-b": {"Assertions": [{"Assert": RED}]}}, "'a-b' is not alphanumeric"),
        ({"A": [RED]}, "rule A: has Assertions"),
        ({"A": {"RuleCondition": RED}}, "rule A: has Assertions"),
        ({"A": {"Assertions": [{"Assert": RED}], "Assert": RED}}, "rule A: has Assertions"),
        ({"A": {"Assertions": []}}, "not an empty one"),
        ({"A": {"Assertions": {"Assert": RED}}}, "Assertions is a list"),
        ({"A": {"Assertions": [RED]}}, "an assertion has Assert"),
        ({"A": {"Assertions": [{"Assert": RED, "AssertDescription": 3}]}}, "is text"),
    ],
)
def test_a_section_that_is_not_well_formed_is_refused(section: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        rules.check({"Rules": section}, VALUES)


@pytest.mark.parametrize("assertion", [{"Fn::Odd": []}, {"Fn::Equals": [{"Ref": "Queue"}, ""]}])
def test_a_malformed_rule_is_refused_even_where_its_condition_is_false(assertion: Any) -> None:
    with pytest.raises(TemplateError, match="rule Colours: "):
        check(assertion, condition=BLUE)
