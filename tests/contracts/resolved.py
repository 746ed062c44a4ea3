"""What CloudFormation makes of the template's functions, for a stack of these names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.cloudformation.intrinsics import Resolver
from local.cloudformation.template import resolve_parameters

PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "sonoflow",
}


def resolver(
    template: dict[str, Any],
    parameters: Mapping[str, str],
    reference: Callable[[str], Any],
    attribute: Callable[[str, str], Any],
    pseudo: Mapping[str, str] = PSEUDO,
) -> Resolver:
    """With `reference` and `attribute` to say what Ref and GetAtt of a resource give."""
    values = {**resolve_parameters(template, parameters), **pseudo}
    return Resolver(template, values, reference, attribute)
