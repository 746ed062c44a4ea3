"""CloudFormation templates: read, expand AWS::Serverless with AWS's own translator, fill in
parameters."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import yaml

from local.runtime.failures import Failure

SERVERLESS = "AWS::Serverless-2016-10-31"
_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
}
# Python's own float() takes "nan", which no limit refuses, and "1_0" too.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class TemplateError(Failure):
    """The template cannot be deployed; the message says what is wrong and where."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms; dates stay text, as in policy versions."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value: Any = None
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _intrinsic)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(text: str) -> dict[str, Any]:
    """A template from YAML or JSON text."""
    try:
        template = yaml.load(text, _Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.YAMLError as error:
        raise TemplateError(f"Template format error: {error}") from error
    except RecursionError:
        raise TemplateError("Template format error: it is nested too deeply.") from None
    if not isinstance(template, dict) or not template.get("Resources"):
        raise TemplateError("Template format error: at least one resource must be defined.")
    resources = template["Resources"]
    if not isinstance(resources, dict):
        raise TemplateError("Template format error: Resources must be an object.")
    for name, resource in resources.items():
        if not isinstance(resource, dict):
            raise TemplateError(f"Template format error: the resource {name} must be an object.")
    unknown = set(template) - _SECTIONS
    if unknown:
        raise TemplateError(f"Invalid template property or properties {sorted(unknown)}")
    return template


def expand(template: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """The template with its AWS::Serverless resources translated by AWS's translator."""
    transforms = template.get("Transform", [])
    transforms = [transforms] if isinstance(transforms, str) else list(transforms)
    others = [name for name in transforms if name != SERVERLESS]
    if others:
        raise TemplateError(f"Transform {others} is not implemented by the laptop runtime.")
    template = copy.deepcopy(template)
    if not transforms:
        return template
    # imported here: the translator takes a second, which plain templates need not pay
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    try:
        expanded: dict[str, Any] = transform(template, dict(parameters), _ManagedPolicies())
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"{error.message} {causes}") from error
    expanded.pop("Transform", None)
    return expanded


class _ManagedPolicies:
    """AWS's managed policies by name, offline, for the translator."""

    def load(self) -> dict[str, str]:
        from moto.iam.aws_managed_policies import aws_managed_policies_data

        policies = json.loads(aws_managed_policies_data)
        return {name: str(policy["Arn"]) for name, policy in policies.items()}


def resolve_parameters(template: dict[str, Any], given: dict[str, str]) -> dict[str, Any]:
    """Every parameter's value: text, or a list of texts for list types. Checks constraints."""
    declared: dict[str, dict[str, Any]] = template.get("Parameters") or {}
    unknown = set(given) - set(declared)
    if unknown:
        raise TemplateError(f"Parameters: {sorted(unknown)} do not exist in the template")
    missing = [n for n, slot in declared.items() if n not in given and "Default" not in slot]
    if missing:
        raise TemplateError(f"Parameters: {missing} must have values")
    return {
        name: _parameter(name, slot, plain_text(given.get(name, slot.get("Default"))))
        for name, slot in declared.items()
    }


def _parameter(name: str, slot: dict[str, Any], text: str) -> Any:
    kind = slot["Type"]
    if kind not in ("String", "Number", "CommaDelimitedList", "List<Number>"):
        raise TemplateError(f"Parameter {name}: type {kind} is not implemented locally.")
    many = kind in ("CommaDelimitedList", "List<Number>")
    values = [item.strip() for item in text.split(",")] if many else [text]
    for value in values:
        _check(name, slot, value, number="Number" in kind)
    return values if many else text


def _check(name: str, slot: dict[str, Any], value: str, *, number: bool) -> None:
    def refuse(reason: str) -> TemplateError:
        constraint = slot.get("ConstraintDescription", reason)
        return TemplateError(f"Parameter '{name}' must {constraint} (was '{value}')")

    allowed = [plain_text(each) for each in slot.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise refuse(f"be one of {allowed}")
    if "AllowedPattern" in slot and not re.fullmatch(slot["AllowedPattern"], value):
        raise refuse(f"match pattern {slot['AllowedPattern']}")
    if len(value) < int(slot.get("MinLength", 0)):
        raise refuse(f"have at least {slot['MinLength']} characters")
    if len(value) > int(slot.get("MaxLength", len(value))):
        raise refuse(f"have at most {slot['MaxLength']} characters")
    if number:
        if not _NUMBER.fullmatch(value):
            raise refuse("be a number")
        amount = float(value)
        if amount < float(slot.get("MinValue", amount)):
            raise refuse(f"be at least {slot['MinValue']}")
        if amount > float(slot.get("MaxValue", amount)):
            raise refuse(f"be at most {slot['MaxValue']}")


def plain_text(value: Any) -> str:
    """A literal of a template as CloudFormation hands it on."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
