"""Reading templates and filling in parameters."""

from __future__ import annotations

from typing import Any

import pytest

from local.cloudformation.template import TemplateError, expand, parse, resolve_parameters

QUEUE = "Resources: {Queue: {Type: 'AWS::SQS::Queue'}}\n"


def parameters(slot: dict[str, Any], value: str | None = None) -> Any:
    given = {} if value is None else {"P": value}
    return resolve_parameters({"Parameters": {"P": slot}}, given)["P"]


def test_short_forms_become_functions() -> None:
    template = parse(
        QUEUE + "Outputs:\n"
        "  A: {Value: !Ref Queue}\n"
        "  B: {Value: !GetAtt Queue.Arn.More}\n"
        "  C: {Value: !Sub '${Queue}'}\n"
        "  D: {Value: !If [X, !Ref A, !Join [':', [!Ref B]]]}\n"
        "Conditions: {X: !And [!Condition Y, !Not [!Equals [a, b]]], Y: !Equals [a, a]}\n"
    )

    values = {name: output["Value"] for name, output in template["Outputs"].items()}
    assert values == {
        "A": {"Ref": "Queue"},
        "B": {"Fn::GetAtt": ["Queue", "Arn.More"]},
        "C": {"Fn::Sub": "${Queue}"},
        "D": {"Fn::If": ["X", {"Ref": "A"}, {"Fn::Join": [":", [{"Ref": "B"}]]}]},
    }
    assert template["Conditions"]["X"]["Fn::And"][0] == {"Condition": "Y"}


def test_dates_stay_text() -> None:
    template = parse("AWSTemplateFormatVersion: 2010-09-09\n" + QUEUE)

    assert template["AWSTemplateFormatVersion"] == "2010-09-09"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources: {}", "at least one resource"),
        ("[]", "at least one resource"),
        ("a: [", "format error"),
        (QUEUE + "Resource: {}", "'Resource'"),
    ],
)
def test_what_is_no_template_is_refused(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse(text)


def test_values_keep_their_text() -> None:
    assert parameters({"Type": "Number", "Default": 0.7}) == "0.7"
    assert parameters({"Type": "Number", "Default": "0.70"}) == "0.70"
    assert parameters({"Type": "Number"}, "1.0") == "1.0"
    assert parameters({"Type": "Number"}, "1e-05") == "1e-05"
    assert parameters({"Type": "String", "Default": True}) == "true"
    assert parameters({"Type": "CommaDelimitedList"}, "a, b") == ["a", "b"]


@pytest.mark.parametrize(
    ("slot", "value", "message"),
    [
        ({"Type": "Number", "MinValue": 3}, "2", "at least 3"),
        ({"Type": "Number", "MaxValue": 3}, "4", "at most 3"),
        ({"Type": "Number"}, "many", "be a number"),
        ({"Type": "Number", "MinValue": 0, "MaxValue": 1}, "nan", "be a number"),
        ({"Type": "Number"}, "inf", "be a number"),
        ({"Type": "Number"}, "1_0", "be a number"),
        ({"Type": "Number"}, "", "be a number"),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", r"one of \['a', 'b'\]"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "a1", r"match pattern \[a-z\]"),
        ({"Type": "String", "MinLength": 2}, "a", "at least 2 characters"),
        ({"Type": "String", "MaxLength": 2}, "abc", "at most 2 characters"),
        ({"Type": "AWS::EC2::VPC::Id"}, "vpc-1", "not implemented"),
        ({"Type": "String"}, None, "must have values"),
    ],
)
def test_a_value_that_the_template_does_not_allow_is_refused(
    slot: dict[str, Any], value: str | None, message: str
) -> None:
    with pytest.raises(TemplateError, match=message):
        parameters(slot, value)


def test_a_constraints_own_words_are_used() -> None:
    slot = {"Type": "Number", "MinValue": 3, "ConstraintDescription": "be three or more"}

    with pytest.raises(TemplateError, match=r"'P' must be three or more \(was '1'\)"):
        parameters(slot, "1")


def test_awss_translator_expands_serverless_resources() -> None:
    template = parse(
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources:\n"
        "  Greet:\n"
        "    Type: AWS::Serverless::Function\n"
        "    Properties:\n"
        "      Runtime: python3.13\n"
        "      Handler: app.handler\n"
        "      CodeUri: {Bucket: b, Key: k}\n"
    )

    expanded = expand(template, {})

    types = {name: resource["Type"] for name, resource in expanded["Resources"].items()}
    assert types == {"Greet": "AWS::Lambda::Function", "GreetRole": "AWS::IAM::Role"}
    assert "Transform" not in expanded


def test_another_transform_is_refused() -> None:
    with pytest.raises(TemplateError, match="AWS::LanguageExtensions"):
        expand(parse("Transform: AWS::LanguageExtensions\n" + QUEUE), {})


def test_what_the_translator_does_not_take_is_a_template_error() -> None:
    template = parse(
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {Runtime: python3.13}}}\n"
    )

    with pytest.raises(TemplateError, match="F"):
        expand(template, {})
