"""AWS::Include: files of S3 in a template, wherever they stand."""

from __future__ import annotations

import pytest

from local.cloudformation.includes import included
from local.cloudformation.template import TemplateError


def include(location: object) -> dict[str, object]:
    return {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": location}}}


FILES = {"s3://b/body": 'Fn::Sub: "${A}"', "s3://b/list": "[1]", "s3://b/short": "A: !Ref B"}


def test_a_file_stands_where_it_is_named_beside_what_is_there() -> None:
    node = {"Body": include("s3://b/body"), "Several": [{**include("s3://b/body"), "More": 1}]}

    found = included(node, FILES.__getitem__)

    assert found == {
        "Body": {"Fn::Sub": "${A}"},
        "Several": [{"Fn::Sub": "${A}", "More": 1}],
    }


@pytest.mark.parametrize("uri", ["s3://b/list", "s3://b/short"])
def test_what_is_no_object_in_long_form_is_refused_as_aws_does(uri: str) -> None:
    with pytest.raises(TemplateError, match="content should be valid Yaml/JSON"):
        included(include(uri), FILES.__getitem__)


@pytest.mark.parametrize(
    "transform",
    [
        {"Name": "MyMacro", "Parameters": {}},
        {"Name": "AWS::Include", "Parameters": {"Location": {"Ref": "Where"}}},
        {"Name": "AWS::Include"},
    ],
)
def test_another_transform_is_refused(transform: object) -> None:
    with pytest.raises(TemplateError, match="not implemented locally"):
        included({"Fn::Transform": transform}, FILES.__getitem__)
