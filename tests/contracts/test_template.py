"""The template is valid as written and as expanded, and names what users rely on."""

from __future__ import annotations

import json
import subprocess
from math import inf
from pathlib import Path
from typing import Any

import pytest

from sonoflow.judging import evaluations
from sonoflow.training_documents import DOCUMENTS

OUTPUTS = {
    "UploadsBucketName",
    "WorkBucketName",
    "ResultsBucketName",
    "TrainImagesStateMachineArn",
    "TrainTableStateMachineArn",
    "ReleaseModelStateMachineArn",
    "ValidateExternalStateMachineArn",
    "AnswerBulkStateMachineArn",
    "ClassifierEndpointName",
    "SegmenterEndpointName",
    "TableEndpointName",
    "CollectFeedbackFunctionName",
    "InboxQueueUrl",
    "InboxDeadLetterQueueUrl",
    "TableInboxQueueUrl",
    "TableInboxDeadLetterQueueUrl",
}
# Actions that IAM knows no resource for.
WITHOUT_RESOURCE = {
    "sagemaker:ListEndpoints",
    "states:SendTaskFailure",
    "states:SendTaskSuccess",
    "cloudwatch:PutMetricData",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
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
        policy = template["Resources"][f"{name}Policy"]["Properties"]["PolicyDocument"]
        statement = policy["Statement"][0]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_nobody_writes_over_code_or_weights(template: dict[str, Any]) -> None:
    """S3 refuses every write there that does not ask to be the first one."""
    policy = template["Resources"]["WorkBucketPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = [
        each for each in policy["Statement"] if each["Sid"] == "CodeAndWeightsAreWrittenOnce"
    ]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Action"] == "s3:PutObject"
    assert statement["Resource"] == [
        {"Fn::Sub": "${WorkBucket.Arn}/code/*"},
        {"Fn::Sub": "${WorkBucket.Arn}/weights/*"},
    ]
    # As AWS writes it; the second condition spares the parts of a multipart upload.
    assert statement["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


@pytest.mark.parametrize("folder", ["code", "weights"])
def test_only_the_packager_may_write_code_and_weights_and_it_may_read_what_is_there(
    template: dict[str, Any], folder: str
) -> None:
    code = f"${{WorkBucket.Arn}}/{folder}/*"
    functions = resources(template, "AWS::Serverless::Function")
    writers = {name for name in functions if ("s3:PutObject", code) in allowed(template, name)}
    assert writers == {"PackageModelCodeFunction"}
    assert ("s3:GetObject", code) in allowed(template, "PackageModelCodeFunction")


def test_what_outlives_the_stack_does_not_outlive_a_creation_that_failed(
    template: dict[str, Any],
) -> None:
    """Its name is made up: each further try would leave three more empty buckets behind."""
    policies = {
        name: (resource["DeletionPolicy"], resource["UpdateReplacePolicy"])
        for name, resource in template["Resources"].items()
        if "DeletionPolicy" in resource or "UpdateReplacePolicy" in resource
    }
    buckets = resources(template, "AWS::S3::Bucket")
    kept = dict.fromkeys(buckets, ("RetainExceptOnCreate", "Retain"))
    assert policies == {**kept, "LocksTable": ("Delete", "Delete")}


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


def allowed(template: dict[str, Any], logical_id: str) -> set[tuple[str, str]]:
    """(action, resource) pairs that a function's or a machine's own policies allow. A resource is
    what it refers to, or ends with, below the account."""
    pairs = set()
    for policy in template["Resources"][logical_id]["Properties"].get("Policies", []):
        for statement in policy["Statement"]:
            for resource in as_list(statement["Resource"]):
                if isinstance(resource, dict) and "Fn::If" in resource:
                    resource = resource["Fn::If"][2]
                text = resource if isinstance(resource, str) else next(iter(resource.values()))
                name = ".".join(as_list(text)).rpartition("${AWS::AccountId}:")[2]
                pairs |= {(action, name) for action in as_list(statement["Action"])}
    return pairs


@pytest.mark.parametrize(
    ("logical_id", "action", "resource"),
    [
        ("PlanDatasetFunction", "states:StartExecution", "TrainTableStateMachine"),
        (
            "PlanDatasetFunction",
            "states:DescribeExecution",
            "execution:${TrainTableStateMachine.Name}:*",
        ),
        ("StageTableFunction", "s3:GetObjectVersion", "${UploadsBucket.Arn}/datasets/*"),
        ("StageTableFunction", "s3:PutObject", "${WorkBucket.Arn}/datasets/*"),
        ("StageTableFunction", "s3:PutObject", "${WorkBucket.Arn}/refused/*"),
        ("StageTableFunction", "s3:AbortMultipartUpload", "${WorkBucket.Arn}/datasets/*"),
        (
            "JudgeModelFunction",
            "sagemaker:DescribeTrainingJob",
            "training-job/${AWS::StackName}-table-*",
        ),
        ("ProbeEndpointFunction", "s3:GetObject", "${WorkBucket.Arn}/datasets/*"),
        ("ProbeEndpointFunction", "s3:PutObject", "${WorkBucket.Arn}/training/*/table.json"),
        ("ProbeEndpointFunction", "s3:PutObject", "${WorkBucket.Arn}/training/*/evaluation.json"),
        ("ProbeEndpointFunction", "sagemaker:InvokeEndpoint", "endpoint/${AWS::StackName}-table"),
        ("PredictTableFunction", "sagemaker:InvokeEndpoint", "endpoint/${AWS::StackName}-table"),
        ("PredictTableFunction", "sagemaker:DescribeEndpoint", "endpoint/${AWS::StackName}-table"),
        ("PredictTableFunction", "s3:GetObject", "${WorkBucket.Arn}/training/*/table.json"),
        ("PredictTableFunction", "s3:GetObject", "${ResultsBucket.Arn}/scores/*"),
        ("PredictTableFunction", "s3:PutObject", "${ResultsBucket.Arn}/scores/*"),
        ("PredictTableFunction", "s3:AbortMultipartUpload", "${ResultsBucket.Arn}/scores/*"),
        ("PredictTableFunction", "s3:ListBucket", "WorkBucket.Arn"),
        ("TrainTableStateMachine", "lambda:InvokeFunction", "StageTableFunction.Arn"),
        ("TrainTableStateMachine", "lambda:InvokeFunction", "PublishReportFunction.Arn"),
        ("TrainTableStateMachine", "states:StartExecution", "ReleaseModelStateMachine"),
        ("TrainTableStateMachine", "sns:Publish", "NotificationsTopic"),
    ],
)
def test_what_a_table_needs_is_allowed(
    template: dict[str, Any], logical_id: str, action: str, resource: str
) -> None:
    """The laptop runtime enforces no policy: nothing else would notice a missing one."""
    assert (action, resource) in allowed(template, logical_id)


@pytest.mark.parametrize(
    ("logical_id", "action", "resource"),
    [
        *(
            (logical_id, action, f"${{WorkBucket.Arn}}/training/*/{name}")
            for logical_id, action in (
                ("JudgeModelFunction", "s3:PutObject"),
                ("PublishReportFunction", "s3:GetObject"),
            )
            for name in (evaluations.FILE, *DOCUMENTS)
        ),
        ("JudgeModelFunction", "s3:PutObject", "${WorkBucket.Arn}/training/*/worst_cases/*.png"),
        ("PublishReportFunction", "s3:ListBucket", "WorkBucket.Arn"),
        ("PublishReportFunction", "s3:PutObject", "${ResultsBucket.Arn}/reports/*"),
    ],
)
def test_what_a_models_report_needs_is_allowed(
    template: dict[str, Any], logical_id: str, action: str, resource: str
) -> None:
    assert (action, resource) in allowed(template, logical_id)


def test_training_may_read_the_published_weights(template: dict[str, Any]) -> None:
    policies = template["Resources"]["SageMakerRole"]["Properties"]["Policies"]
    (always,) = [one for one in policies if one.get("PolicyName") == "TrainAndServe"]
    grants = {one["Sid"]: one for one in always["PolicyDocument"]["Statement"]}
    published = {"Fn::Sub": "${WorkBucket.Arn}/weights/*"}

    assert grants["ReadWork"]["Action"] == "s3:GetObject"
    assert published in grants["ReadWork"]["Resource"]
    assert published not in grants["WriteWork"]["Resource"]


@pytest.mark.parametrize("parameter", ["PretrainedWeightsUri", "SegmenterWeightsUri"])
def test_training_may_read_the_weights_it_starts_from_and_no_others(
    template: dict[str, Any], parameter: str
) -> None:
    policies = template["Resources"]["SageMakerRole"]["Properties"]["Policies"]
    conditional = [policy["Fn::If"] for policy in policies if "Fn::If" in policy]
    ((condition, policy, otherwise),) = [one for one in conditional if parameter in str(one)]

    assert template["Conditions"][condition] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]
    }
    assert otherwise == {"Ref": "AWS::NoValue"}
    statements = policy["PolicyDocument"]["Statement"]
    assert [one["Action"] for one in statements] == ["s3:GetObject", "s3:ListBucket"]
    for statement in statements:
        pattern, values = statement["Resource"]["Fn::Sub"]
        assert pattern in (
            "arn:${AWS::Partition}:s3:::${Key}",
            "arn:${AWS::Partition}:s3:::${Bucket}",
        )
        assert str(values).count(parameter) == 1


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("CreateHyperParameterTuningJob", "hyper-parameter-tuning-job/${AWS::StackName}-*"),
        ("DescribeHyperParameterTuningJob", "hyper-parameter-tuning-job/${AWS::StackName}-*"),
        ("StopHyperParameterTuningJob", "hyper-parameter-tuning-job/${AWS::StackName}-*"),
        ("AddTags", "hyper-parameter-tuning-job/${AWS::StackName}-*"),
        ("DescribeTrainingJob", "training-job/${AWS::StackName}-*"),
    ],
)
def test_what_tuning_needs_is_allowed(template: dict[str, Any], action: str, resource: str) -> None:
    assert (f"sagemaker:{action}", resource) in allowed(template, "ReleaseModelStateMachine")


def test_the_release_hears_of_the_end_of_a_tuning_job(template: dict[str, Any]) -> None:
    rule = "rule/StepFunctionsGetEventsForSageMakerTuningJobsRule"
    pairs = allowed(template, "ReleaseModelStateMachine")

    for action in ("PutTargets", "PutRule", "DescribeRule"):
        assert (f"events:{action}", rule) in pairs


def test_no_function_is_larger_than_a_new_account_allows(
    template: dict[str, Any], expanded: dict[str, Any]
) -> None:
    """3,008 MB is Lambda's quota there, which a larger function fails the first deployment with:
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    given = template["Globals"]["Function"]["MemorySize"]
    functions = resources(expanded, "AWS::Lambda::Function")
    sizes = [given, *(function["Properties"]["MemorySize"] for function in functions.values())]
    for size in sizes:
        if isinstance(size, dict):
            parameter = template["Parameters"][size["Ref"]]
            size = max(parameter.get("AllowedValues", [parameter.get("MaxValue", inf)]))
        assert int(size) <= 3008
    assert len(functions) == len(resources(template, "AWS::Serverless::Function"))


def test_a_release_may_lock_an_endpoint_and_ask_after_other_releases_alone(
    template: dict[str, Any],
) -> None:
    pairs = allowed(template, "ReleaseModelStateMachine")

    assert {pair for pair in pairs if pair[0].startswith(("dynamodb:", "states:"))} == {
        ("dynamodb:GetItem", "LocksTable.Arn"),
        ("dynamodb:UpdateItem", "LocksTable.Arn"),
        ("dynamodb:PutItem", "LocksTable.Arn"),  # the token of one that waits for a person
        ("states:DescribeExecution", "execution:${AWS::StackName}-release-model:*"),
    }
    key = template["Resources"]["LocksTable"]["Properties"]["KeySchema"]
    assert key == [{"AttributeName": "endpoint", "KeyType": "HASH"}]


def test_a_release_may_go_back_to_what_somebody_chose_by_hand(template: dict[str, Any]) -> None:
    """Whatever it is called: SageMaker asks for the right to the configuration too."""
    pairs = allowed(template, "ReleaseModelStateMachine")

    for action in ("UpdateEndpoint", "DescribeEndpointConfig"):
        assert (f"sagemaker:{action}", "endpoint-config/*") in pairs


def test_functions_trace_and_run_on_the_one_runtime(expanded: dict[str, Any]) -> None:
    for function in resources(expanded, "AWS::Lambda::Function").values():
        assert function["Properties"]["TracingConfig"] == {"Mode": "Active"}
        assert function["Properties"]["Runtime"] == "python3.13"


def test_every_parameter_is_shown_in_a_group(template: dict[str, Any]) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(template["Parameters"])


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
