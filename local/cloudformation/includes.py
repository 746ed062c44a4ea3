"""AWS::Include: a file of S3 in the place of the `Fn::Transform` that names it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from local.cloudformation.template import TemplateError

TRANSFORM, INCLUDE = "Fn::Transform", "AWS::Include"


class _Loader(yaml.SafeLoader):
    """YAML without CloudFormation's short forms, which AWS does not take there either, and which
    AWS's translator teaches the loader that this one descends from."""


_Loader.yaml_multi_constructors = {}


def included(node: Any, read: Callable[[str], str]) -> Any:
    """`node` with every file in its place; `read` gives the text of an s3:// location. Raises
    TemplateError."""
    if isinstance(node, list):
        return [included(each, read) for each in node]
    if not isinstance(node, dict):
        return node
    rest = {name: included(value, read) for name, value in node.items() if name != TRANSFORM}
    if TRANSFORM not in node:
        return rest
    return {**rest, **_content(location(node[TRANSFORM]), read)}


def location(transform: Any) -> str:
    """Where a transform's file is. Raises TemplateError for any other transform."""
    if not isinstance(transform, dict) or transform.get("Name") != INCLUDE:
        raise TemplateError(f"{TRANSFORM} {transform!r} is not implemented locally, only {INCLUDE}")
    given = (transform.get("Parameters") or {}).get("Location")
    if not isinstance(given, str):
        raise TemplateError(f"Transform {INCLUDE}: Location is {given!r}, not implemented locally")
    return given


def _content(uri: str, read: Callable[[str], str]) -> dict[str, Any]:
    reason = f"Transform {INCLUDE} failed with: The specified S3 object's content should be valid"
    try:
        content = yaml.load(read(uri), _Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.YAMLError as error:
        raise TemplateError(f"{reason} Yaml/JSON ({uri}: {error})") from error
    if not isinstance(content, dict):
        raise TemplateError(f"{reason} Yaml/JSON ({uri})")
    return content
