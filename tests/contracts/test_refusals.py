"""What a deployment is refused for before anything is created: it would fail hours later."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local.cloudformation import rules
from local.cloudformation.template import TemplateError, resolve_parameters

Document = dict[str, Any]


def refused(template: Document, **parameters: str) -> str:
    """Why these parameters are refused; empty where they are not."""
    try:
        values = resolve_parameters(template, parameters)
        rules.check(template, {**values, "AWS::Region": "us-east-1"})
    except TemplateError as error:
        return str(error)
    return ""


def test_the_defaults_are_refused_nowhere(template: Document) -> None:
    assert refused(template) == ""


@pytest.mark.parametrize("most", range(1, 11))
def test_no_more_instances_at_least_than_at_most(template: Document, most: int) -> None:
    for least in (*range(1, 13), 40):
        found = refused(template, ScalingMinimum=str(least), ScalingMaximum=str(most))
        expected = f"ScalingMinimum is more than ScalingMaximum, which is {most}."
        assert found == (expected if least > most else "")


def test_a_rule_says_nothing_of_more_instances_than_it_can_look_up(template: Document) -> None:
    """The first data set is refused there: tests/unit/core/test_settings.py."""
    assert refused(template, ScalingMinimum="12", ScalingMaximum="11") == ""


def test_a_serverless_endpoint_needs_an_image_of_ones_own(template: Document) -> None:
    assert "Give ServingImageUri" in refused(template, HostingMode="serverless")
    assert refused(template, HostingMode="serverless", ServingImageUri="own/serving:1") == ""


@pytest.mark.parametrize(
    "parameter", ["TrainingInstanceType", "TableInstanceType", "HostingInstanceType"]
)
def test_instances_are_those_of_sagemaker(template: Document, parameter: str) -> None:
    for wrong in ("c7i.large", "ml.", "large", ""):
        assert re.search(
            f"'{parameter}' must be an instance type of SageMaker.*was '{wrong}'",
            refused(template, **{parameter: wrong}),
        )
    assert refused(template, **{parameter: "ml.g6.xlarge"}) == ""


def test_every_parameter_that_is_an_instance_type_has_the_pattern(template: Document) -> None:
    several = {n: one for n, one in template["Parameters"].items() if n.endswith("InstanceType")}
    assert len(several) == 3
    assert {one["AllowedPattern"] for one in several.values()} == {r"ml\..+"}


def test_a_release_does_not_look_at_its_endpoint_until_its_history_is_full(
    template: Document,
) -> None:
    assert "EndpointPollSeconds" in refused(template, EndpointPollSeconds="9")
    assert refused(template, EndpointPollSeconds="10") == ""


@pytest.mark.parametrize("function", ["PredictFunction", "PredictTableFunction"])
def test_what_takes_all_of_the_functions_time_takes_no_other_message_along(
    template: Document, function: str
) -> None:
    inbox = template["Resources"][function]["Properties"]["Events"]["Inbox"]

    assert inbox["Properties"]["BatchSize"] == 1


@pytest.mark.parametrize(
    ("named", "function", "parameter"),
    [
        ("InboxQueue", "PredictFunction", "PredictTimeout"),
        ("TableInboxQueue", "PredictTableFunction", "PredictTableTimeout"),
    ],
)
def test_a_message_stays_away_for_twice_as_long_as_its_function_may_take(
    template: Document, named: str, function: str, parameter: str
) -> None:
    """Lambda refuses a mapping from a queue whose messages come back before the function ends."""
    queue = template["Resources"][named]["Properties"]
    properties = template["Resources"][function]["Properties"]
    table, key, timeout = queue["VisibilityTimeout"]["Fn::FindInMap"]

    assert properties["Events"]["Inbox"]["Properties"]["Queue"] == {"Fn::GetAtt": [named, "Arn"]}
    assert properties["Timeout"] == timeout == {"Ref": parameter}
    seconds = template["Parameters"][parameter]["AllowedValues"]
    assert template["Mappings"][table][key] == {str(each): 2 * each for each in seconds}
    assert max(seconds) == 900
