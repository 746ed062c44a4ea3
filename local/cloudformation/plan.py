"""What a deployment starts from: a template that is well formed, with values for its parameters."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from botocore.exceptions import ClientError

from local.cloudformation import rules
from local.cloudformation.includes import INCLUDE, included
from local.cloudformation.stack import LocalStack
from local.cloudformation.template import TemplateError, expand, parse, resolve_parameters
from local.runtime.runtime import Runtime


@dataclasses.dataclass(frozen=True)
class Plan:
    """A template that is well formed, expanded, with its parameters' values."""

    body: str
    template: dict[str, Any]
    parameters: dict[str, Any]
    values: dict[str, Any]  # parameters and pseudo parameters

    @classmethod
    def of(cls, runtime: Runtime, stack: Any, body: str, given: dict[str, Any]) -> Plan:
        """Raises TemplateError where CreateStack would answer ValidationError."""
        template = included(parse(body), functools.partial(_read, runtime))
        texts = {name: str(value) for name, value in given.items()}
        parameters = resolve_parameters(template, texts)
        values = {
            **parameters,
            "AWS::AccountId": runtime.account,
            "AWS::Partition": "aws",
            "AWS::Region": runtime.region,
            "AWS::StackId": stack.stack_id,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        rules.check(template, values)
        return cls(body, expand(template, texts), parameters, values)

    def changes(self, stack: LocalStack) -> list[tuple[str, str, str]]:
        """(action, logical id, type) of what would change, for the change set."""
        resources = self.template["Resources"]
        changes = [("Remove", name, r.kind.name) for name, r in stack.deployed.items()]
        changes = [change for change in changes if change[1] not in resources]
        same = stack.template == self.body and stack.values == self.parameters
        for name, resource in resources.items():
            if name not in stack.deployed:
                if not same:  # otherwise its condition left it out before, too
                    changes.append(("Add", name, resource["Type"]))
            elif not same:
                changes.append(("Modify", name, resource["Type"]))
        return changes


def _read(runtime: Runtime, uri: str) -> str:
    """The text of an object. Raises TemplateError."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not key:
        reason = "The location parameter is not a valid S3 uri."
        raise TemplateError(f"Transform {INCLUDE} failed with: {reason} ({uri})")
    try:
        return str(runtime.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    except (ClientError, UnicodeDecodeError) as error:
        raise TemplateError(f"Transform {INCLUDE} failed with: {uri}: {error}") from error
