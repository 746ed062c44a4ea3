"""Intrinsic functions and conditions."""

from __future__ import annotations

from typing import Any

import pytest

from local.cloudformation.intrinsics import Resolver
from local.cloudformation.template import TemplateError

TEMPLATE = {
    "Mappings": {"Sizes": {"small": {"memory": "128"}}},
    "Conditions": {
        "Yes": {"Fn::Equals": [{"Ref": "Colour"}, "red"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Odd": {"Fn::Contains": [["a"], "a"]},
    },
}
VALUES = {"Colour": "red", "List": ["a", "b"], "AWS::Region": "us-east-1"}


@pytest.fixture
def resolver() -> Resolver:
    return Resolver(
        TEMPLATE, VALUES, lambda name: f"id-of-{name}", lambda name, part: f"{part}-of-{name}"
    )


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Colour"}, "red"),
        ({"Ref": "Queue"}, "id-of-Queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "Arn-of-Queue"),
        ({"Fn::GetAtt": "Queue.Arn"}, "Arn-of-Queue"),
        ({"Fn::Sub": "${Colour} ${Queue.Arn} ${AWS::Region} ${!Literal} $x"},
         "red Arn-of-Queue us-east-1 ${Literal} $x"),
        ({"Fn::Sub": ["${Own}-${Queue}", {"Own": {"Ref": "Colour"}}]}, "red-id-of-Queue"),
        ({"Fn::Join": ["/", ["a", {"Ref": "Colour"}, 3]]}, "a/red/3"),
        ({"Fn::Select": ["1", {"Ref": "List"}]}, "b"),
        ({"Fn::Select": [0, {"Fn::Split": ["-", "x-y"]}]}, "x"),
        ({"Fn::FindInMap": ["Sizes", "small", "memory"]}, "128"),
        ({"Fn::Base64": "ab"}, "YWI="),
        ({"Fn::ToJsonString": {"a": {"Ref": "Colour"}}}, '{"a": "red"}'),
        ({"Fn::If": ["Yes", "then", {"Ref": "AWS::NoValue"}]}, "then"),
        ({"k": {"Fn::If": ["No", "then", {"Ref": "AWS::NoValue"}]}, "l": 1}, {"l": 1}),
        ([1, {"Ref": "AWS::NoValue"}, 2], [1, 2]),
        ({"Ref": "Colour", "Other": 1}, {"Ref": "Colour", "Other": 1}),
    ],
)  # fmt: skip
def test_a_function_gives_its_value(resolver: Resolver, node: Any, value: Any) -> None:
    assert resolver.resolve(node) == value


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"Fn::Cidr": ["10.0.0.0/8", 1]}, "Fn::Cidr is not implemented"),
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue is not implemented"),
        ({"deep": [{"Fn::GetAZs": ""}]}, "Fn::GetAZs is not implemented"),
        ({"Ref": "AWS::NotificationARNs"}, "AWS::NotificationARNs"),
        ({"Ref": "AWS::NoValue"}, "NoValue"),
        ({"Fn::Select": [7, ["a"]]}, "no item 7"),
        ({"Fn::FindInMap": ["Sizes", "large", "memory"]}, "Sizes has no large"),
        ({"Fn::If": ["Nowhere", 1, 2]}, "Unresolved condition Nowhere"),
        ({"Fn::If": ["Odd", 1, 2]}, "Fn::Contains is not a condition function"),
        ({"Fn::Sub": "${List}"}, "is not text"),
    ],
)
def test_what_is_not_known_is_an_error(resolver: Resolver, node: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        resolver.resolve(node)


@pytest.mark.parametrize(
    ("name", "holds"), [("Yes", True), ("No", False), ("Both", False), ("Either", True)]
)
def test_conditions(resolver: Resolver, name: str, holds: bool) -> None:
    assert resolver.condition(name) is holds


def test_a_branch_that_is_not_taken_is_not_evaluated(resolver: Resolver) -> None:
    assert resolver.resolve({"Fn::If": ["Yes", "taken", {"Fn::Cidr": []}]}) == "taken"
