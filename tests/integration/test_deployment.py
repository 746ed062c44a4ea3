"""CloudFormation on the laptop: what the template says exists, or the deployment fails and says
why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop.client import Laptop

QUEUE = {"Type": "AWS::SQS::Queue"}
BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "no spaces allowed"}}


def test_what_the_template_says_of_a_bucket_holds(probe: Laptop) -> None:
    s3, bucket = probe.client("s3"), probe.outputs["UploadsBucketName"]

    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    access = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert access["BlockPublicAcls"] and not access["RestrictPublicBuckets"]
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 9
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:s3:::{bucket}/*"
    (encryption,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_queue_redrives_to_the_queue_that_the_template_names(probe: Laptop) -> None:
    attributes = probe.client("sqs").get_queue_attributes(
        QueueUrl=probe.outputs["InboxQueueUrl"], AttributeNames=["All"]
    )["Attributes"]

    policy = json.loads(attributes["RedrivePolicy"])
    dead = probe.outputs["InboxDeadLetterQueueUrl"].rsplit("/", 1)[1]
    assert policy["deadLetterTargetArn"].endswith(f":{dead}")
    assert policy["maxReceiveCount"] == 2
    assert "events.amazonaws.com" in attributes["Policy"]


def test_what_the_template_says_of_a_table_holds(
    probe: Laptop, create: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    def table(**settings: Any) -> dict[str, Any]:
        properties = {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "endpoint", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "endpoint", "KeyType": "HASH"}],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": "true"},
            "Tags": [{"Key": "of", "Value": "tests"}],
            **settings,
        }
        locks = {"Type": "AWS::DynamoDB::Table", "Properties": properties}
        outputs = {"Name": {"Ref": "Locks"}, "Arn": {"Fn::GetAtt": ["Locks", "Arn"]}}
        return {
            "Resources": {"Locks": locks},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }

    stack = create(table())
    client, dynamodb = probe.client("cloudformation"), probe.client("dynamodb")
    found = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    name = stack["StackName"]

    described = dynamodb.describe_table(TableName=found["Name"])["Table"]
    assert described["TableArn"] == found["Arn"]
    assert described["KeySchema"] == [{"AttributeName": "endpoint", "KeyType": "HASH"}]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert dynamodb.list_tags_of_resource(ResourceArn=found["Arn"])["Tags"] == [
        {"Key": "of", "Value": "tests"}
    ]

    def recovery() -> str:
        backups = dynamodb.describe_continuous_backups(TableName=found["Name"])
        recovered = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        return str(recovered["PointInTimeRecoveryStatus"])

    assert recovery() == "ENABLED"
    off = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}}
    client.update_stack(StackName=name, TemplateBody=json.dumps(table(**off)))
    eventually(lambda: recovery() == "DISABLED")
    client.delete_stack(StackName=name)
    eventually(lambda: found["Name"] not in dynamodb.list_tables()["TableNames"])


def test_a_condition_that_does_not_hold_leaves_its_resource_out(probe: Laptop) -> None:
    resources = probe.client("cloudformation").list_stack_resources(StackName="sonoflow")

    found = {each["LogicalResourceId"] for each in resources["StackResourceSummaries"]}
    assert "EmailSubscription" not in found
    assert {"UploadsBucket", "GreetStateMachine", "ConsumeFunctionInbox", "Models"} <= found


def test_every_resource_has_its_events(probe: Laptop) -> None:
    events = probe.client("cloudformation").describe_stack_events(StackName="sonoflow")

    steps = [
        (event["ResourceType"], event["ResourceStatus"])
        for event in reversed(events["StackEvents"])
        if event["LogicalResourceId"] == "InboxQueue"
    ]
    assert steps == [
        ("AWS::SQS::Queue", "CREATE_IN_PROGRESS"),
        ("AWS::SQS::Queue", "CREATE_COMPLETE"),
    ]


@pytest.mark.parametrize(
    ("broken", "reasons"),
    [
        (
            {"Type": "AWS::Kinesis::Stream", "Properties": {}},
            ("Broken", "AWS::Kinesis::Stream", "resource type"),
        ),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}},
            ("Broken", "AWS::SQS::Queue", "Colour"),
        ),
        (
            {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PROVISIONED"}},
            ("Broken", "AWS::DynamoDB::Table", "only PAY_PER_REQUEST"),
        ),
        (
            {"Type": "AWS::DynamoDB::Table", "Properties": {"GlobalSecondaryIndexes": []}},
            ("Broken", "AWS::DynamoDB::Table", "GlobalSecondaryIndexes"),
        ),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Cidr": []}}},
            ("Broken", "AWS::SQS::Queue", "Fn::Cidr"),
        ),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nobody"}}},
            ("Broken", "AWS::SQS::Queue", "Nobody"),
        ),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": "Good.No"}}},
            ("Broken", "Good (AWS::SQS::Queue) has no attribute No"),
        ),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "no spaces allowed"}},
            ("Broken", "AWS::SQS::Queue", "alphanumeric"),
        ),
        (
            {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "at(midnight)"}},
            ("Broken", "AWS::Events::Rule", "knows no ScheduleExpression but rate"),
        ),
        (
            {
                "Type": "AWS::S3::Bucket",
                "Properties": {"NotificationConfiguration": {"QueueConfigurations": []}},
            },
            ("Broken", "AWS::S3::Bucket", "QueueConfigurations"),
        ),
    ],
)
def test_what_the_runtime_does_not_know_fails_the_deployment_and_is_taken_back(
    probe: Laptop,
    create: Callable[..., Any],
    queue_names: Callable[[str], list[str]],
    broken: dict[str, Any],
    reasons: tuple[str, ...],
) -> None:
    stack = create({"Resources": {"Good": QUEUE, "Broken": broken}})

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    for reason in reasons:
        assert reason in stack["StackStatusReason"]
    assert queue_names(stack["StackName"]) == []
    client = probe.client("cloudformation")
    events = client.describe_stack_events(StackName=stack["StackName"])["StackEvents"]
    failed = [each for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert [each["LogicalResourceId"] for each in failed] == ["Broken"]
    client.delete_stack(StackName=stack["StackName"])


def test_an_output_of_a_resource_that_does_not_exist_fails_the_deployment(
    probe: Laptop, create: Callable[..., Any]
) -> None:
    stack = create({"Resources": {"Good": QUEUE}, "Outputs": {"Url": {"Value": {"Ref": "Gone"}}}})

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Output Url" in stack["StackStatusReason"]


def test_a_template_that_is_not_well_formed_is_refused_at_once(probe: Laptop) -> None:
    client = probe.client("cloudformation")
    template = {
        "Resources": {"Q": QUEUE},
        "Parameters": {"Size": {"Type": "Number", "MinValue": 3}},
        "Rules": {
            "Sizes": {
                "Assertions": [
                    {
                        "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "4"]}]},
                        "AssertDescription": "Four is too many.",
                    }
                ]
            }
        },
    }

    for parameters, message in (
        ([], r"\['Size'\] must have values"),
        ([{"ParameterKey": "Size", "ParameterValue": "2"}], "must be at least 3"),
        ([{"ParameterKey": "Size", "ParameterValue": "4"}], "Four is too many"),
        ([{"ParameterKey": "Other", "ParameterValue": "2"}], "do not exist in the template"),
    ):
        with pytest.raises(ClientError, match=message):
            client.create_stack(
                StackName="refused", TemplateBody=json.dumps(template), Parameters=parameters
            )

    with pytest.raises(ClientError, match="does not exist"):
        client.describe_stacks(StackName="refused")


def test_a_change_set_creates_and_updates_a_stack(
    probe: Laptop, settled: Callable[[str], Any]
) -> None:
    client, name = probe.client("cloudformation"), "by-change-set"

    def deploy(kind: str, change_set: str, seconds: int, topics: tuple[str, ...]) -> Any:
        template = {
            "Resources": {
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": seconds}},
                **{topic: {"Type": "AWS::SNS::Topic"} for topic in topics},
            },
            "Outputs": {"Url": {"Value": {"Ref": "Queue"}}},
        }
        client.create_change_set(
            StackName=name,
            ChangeSetName=change_set,
            ChangeSetType=kind,
            TemplateBody=json.dumps(template),
        )
        described = client.describe_change_set(StackName=name, ChangeSetName=change_set)
        if described["Status"] == "FAILED":
            return described
        client.execute_change_set(StackName=name, ChangeSetName=change_set)
        return settled(name)

    created = deploy("CREATE", "first", 7, ("Old",))
    updated = deploy("UPDATE", "second", 9, ("New",))
    unchanged = deploy("UPDATE", "third", 9, ("New",))

    assert created["StackStatus"] == "CREATE_COMPLETE"
    assert updated["StackStatus"] == "UPDATE_COMPLETE"
    assert created["Outputs"] == updated["Outputs"]
    timeout = probe.client("sqs").get_queue_attributes(
        QueueUrl=updated["Outputs"][0]["OutputValue"], AttributeNames=["VisibilityTimeout"]
    )["Attributes"]["VisibilityTimeout"]
    assert timeout == "9"
    found = client.list_stack_resources(StackName=name)["StackResourceSummaries"]
    assert {each["LogicalResourceId"] for each in found} == {"Queue", "New"}
    assert "didn't contain changes" in unchanged["StatusReason"]


def test_an_update_that_fails_leaves_the_stack_as_it_was(
    probe: Laptop, create: Callable[..., Any], settled: Callable[[str], Any]
) -> None:
    before = {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": "5"}}}
    after = {
        "Q": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": "6"}},
        "Z": BROKEN,
    }
    stack = create({"Resources": before, "Outputs": {"Url": {"Value": {"Ref": "Q"}}}})
    client, name = probe.client("cloudformation"), stack["StackName"]

    client.update_stack(StackName=name, TemplateBody=json.dumps({"Resources": after}))

    assert settled(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    timeout = probe.client("sqs").get_queue_attributes(
        QueueUrl=stack["Outputs"][0]["OutputValue"], AttributeNames=["VisibilityTimeout"]
    )["Attributes"]["VisibilityTimeout"]
    assert timeout == "5"


def test_a_dependency_is_created_first_whatever_the_order(
    probe: Laptop, create: Callable[..., Any]
) -> None:
    stack = create(
        {
            "Resources": {
                "Last": {**QUEUE, "DependsOn": "First"},
                "User": {
                    "Type": "AWS::SQS::Queue",
                    "Properties": {
                        "RedrivePolicy": {
                            "deadLetterTargetArn": {"Fn::GetAtt": ["First", "Arn"]},
                            "maxReceiveCount": 1,
                        }
                    },
                },
                "First": QUEUE,
            }
        }
    )

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    resources = probe.client("cloudformation").list_stack_resources(StackName=stack["StackName"])
    order = [each["LogicalResourceId"] for each in resources["StackResourceSummaries"]]
    assert order[0] == "First"


def test_a_circle_of_resources_is_refused(create: Callable[..., Any]) -> None:
    def using(other: str) -> dict[str, Any]:
        return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": other}}}

    stack = create({"Resources": {"A": using("B"), "B": using("A")}})

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "circular dependency A → B → A" in stack["StackStatusReason"]
