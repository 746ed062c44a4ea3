"""IAM takes inline policies of 10,240 characters in all for a role, blanks apart, and no more."""

from __future__ import annotations

import collections
import json
from typing import Any

from tests.contracts import resolved

LIMIT = 10_240
LONGEST_STACK = "s" * 30
REGION = "ap-southeast-2"  # of the longest names
GIVEN = {
    "KmsKeyArn": f"arn:aws:kms:{REGION}:123456789012:key/0123abcd-01ab-23cd-45ef-0123456789ab",
    "SubnetIds": ",".join(f"subnet-{number:017x}" for number in range(2)),
    "SecurityGroupIds": "sg-0123456789abcdef0",
    "Tune": "false",
}


def test_the_policies_of_every_role_fit(expanded: dict[str, Any]) -> None:
    """With the longest names that a stack may have, and with all that it may be given."""

    def arn(name: str, part: str = "") -> str:
        return f"arn:aws:service:{REGION}:123456789012:kind:{LONGEST_STACK}-{name}-ABCDEFGHIJKL"

    names = {**resolved.PSEUDO, "AWS::StackName": LONGEST_STACK, "AWS::Region": REGION}
    resolver = resolved.resolver(expanded, GIVEN, lambda name: name, arn, names)
    sizes: collections.Counter[str] = collections.Counter()
    for name, resource in expanded["Resources"].items():
        if "Condition" in resource and not resolver.condition(resource["Condition"]):
            continue
        properties = resolver.resolve(resource["Properties"]) if "Properties" in resource else {}
        if resource["Type"] == "AWS::IAM::Role":
            documents = [each["PolicyDocument"] for each in properties.get("Policies", [])]
            sizes[name] += sum(map(size, documents))
        elif resource["Type"] == "AWS::IAM::Policy":
            for role in properties["Roles"]:
                sizes[role] += size(properties["PolicyDocument"])

    assert sizes["ReleaseModelStateMachineRole"] > 4_000
    assert sizes["PredictFunctionRole"] > 2_000
    assert sizes["PredictTableFunctionRole"] > 2_000
    assert {name: used for name, used in sizes.items() if used > LIMIT} == {}


def size(document: dict[str, Any]) -> int:
    return len(json.dumps(document, separators=(",", ":")))
