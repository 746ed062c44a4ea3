"""The template is valid as written and as expanded, and names what users rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OUTPUTS = {
    "UploadsBucketName",
    "WorkBucketName",
    "ResultsBucketName",
    "TrainImagesStateMachineArn",
    "ReleaseModelStateMachineArn",
    "ClassifierEndpointName",
    "SegmenterEndpointName",
    "InboxQueueUrl",
    "InboxDeadLetterQueueUrl",
}
# Actions that IAM knows no resource for.
WITHOUT_RESOURCE = {
    "sagemaker:ListEndpoints",
    "cloudwatch:PutMetricData",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "ecr:GetAuthorizationToken",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}


def resources(document: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        logical_id: resource
        for logical_id, resource in document["Resources"].items()
        if resource["Type"] == kind
    }


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def cfn_lint(path: Path) -> str:
    command = [str(Path(sys.executable).with_name("cfn-lint")), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_cfn_lint_is_clean(root: Path) -> None:
    assert cfn_lint(root / "template.yaml") == ""


def test_cfn_lint_is_clean_after_expansion(expanded: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "expanded.json"
    path.write_text(json.dumps(expanded, default=str))
    assert cfn_lint(path) == ""


def test_outputs_are_those_that_users_rely_on(template: dict[str, Any]) -> None:
    assert set(template["Outputs"]) == OUTPUTS


def test_no_yaml_alias_which_cloudformation_does_not_know(root: Path) -> None:
    import yaml

    tokens = yaml.scan((root / "template.yaml").read_text())
    assert not [t for t in tokens if isinstance(t, yaml.AliasToken | yaml.AnchorToken)]


def test_every_bucket_is_versioned_encrypted_private_and_tls_only(
    template: dict[str, Any],
) -> None:
    buckets = resources(template, "AWS::S3::Bucket")
    assert set(buckets) == {"UploadsBucket", "WorkBucket", "ResultsBucket"}
    for name, bucket in buckets.items():
        properties = bucket["Properties"]
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert properties["LifecycleConfiguration"]["Rules"]
        (statement,) = template["Resources"][f"{name}Policy"]["Properties"]["PolicyDocument"][
            "Statement"
        ]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_function_has_a_role_of_its_own(expanded: dict[str, Any]) -> None:
    functions = resources(expanded, "AWS::Lambda::Function")
    roles = [json.dumps(f["Properties"]["Role"]) for f in functions.values()]
    assert len(set(roles)) == len(functions)


def test_a_wildcard_resource_only_where_iam_knows_no_other(expanded: dict[str, Any]) -> None:
    for name, role in resources(expanded, "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            for branch in policy["Fn::If"][1:2] if "Fn::If" in policy else [policy]:
                for statement in branch["PolicyDocument"]["Statement"]:
                    actions = set(as_list(statement["Action"]))
                    assert not [action for action in actions if action.endswith("*")], name
                    if "*" in as_list(statement["Resource"]):
                        assert actions <= WITHOUT_RESOURCE, (name, actions)


def test_functions_trace_and_run_on_the_one_runtime(expanded: dict[str, Any]) -> None:
    for function in resources(expanded, "AWS::Lambda::Function").values():
        assert function["Properties"]["TracingConfig"] == {"Mode": "Active"}
        assert function["Properties"]["Runtime"] == "python3.13"


def test_the_error_alarm_watches_every_function(template: dict[str, Any]) -> None:
    metrics = template["Resources"]["FunctionErrorsAlarm"]["Properties"]["Metrics"]
    watched = {
        dimension["Value"]["Ref"]
        for metric in metrics
        if "MetricStat" in metric
        for dimension in metric["MetricStat"]["Metric"]["Dimensions"]
    }
    assert watched == set(resources(template, "AWS::Serverless::Function"))


def test_laptop_parameters_exist_in_the_template(root: Path, template: dict[str, Any]) -> None:
    given = json.loads((root / "local" / "parameters.json").read_text())
    assert set(given) <= set(template["Parameters"])


@pytest.mark.parametrize("kind", ["raw", "expanded"])
@pytest.mark.slow
def test_checkov_has_no_unexplained_finding(
    root: Path, expanded: dict[str, Any], tmp_path: Path, kind: str
) -> None:
    path = root / "template.yaml"
    if kind == "expanded":
        path = tmp_path / "expanded.json"
        path.write_text(json.dumps(expanded, default=str))
    command = [str(root / ".venv-audit/bin/checkov"), "--config-file", str(root / ".checkov.yaml")]
    found = subprocess.run(
        [*command, "--file", str(path)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert found.returncode == 0, found.stdout
    assert "Passed checks" in found.stdout
