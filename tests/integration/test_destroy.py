"""`make destroy` on the laptop runtime: two stacks, of which one's name begins with the other's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.laptop.client import Laptop
from operations.account import Account, Unfinished
from operations.destroy import __main__ as command
from operations.destroy.removal import DELETE, KEEP, remove

STACK, NEIGHBOUR = "wards", "wards-eu"
VERSION = "61e104857123"
MANY = 101  # more than a page of SageMaker's holds
REST = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 600, "End": True}}}


def bucket(policy: str = "RetainExceptOnCreate") -> dict[str, Any]:
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    return {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy, "Properties": versioned}


def template() -> str:
    resources: dict[str, Any] = {
        **{f"{name}Bucket": bucket() for name in ("Uploads", "Work", "Results")},
        "Own": {"Type": "AWS::SQS::Queue"},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {"EventPattern": {"source": ["aws.s3"]}, "State": "ENABLED"},
        },
    }
    for model in ("classifier", "segmenter", "table"):
        resources[f"{model.capitalize()}Group"] = {
            "Type": "AWS::SageMaker::ModelPackageGroup",
            "Properties": {"ModelPackageGroupName": {"Fn::Sub": f"${{AWS::StackName}}-{model}"}},
        }
    return json.dumps({"Resources": resources})


class Deployment:
    """A stack, and what runs leave behind that no template knows."""

    def __init__(self, laptop: Laptop, name: str, role: str) -> None:
        self.laptop, self.name, self._role = laptop, name, role
        self.sagemaker = laptop.client("sagemaker")

    def fill(self, releases: int) -> None:
        self._execution()
        for number in range(releases):
            self._release(f"{self.name}-table-{VERSION}-{number:08x}")
        self._endpoint(f"{self.name}-table", f"{self.name}-table-{VERSION}-{0:08x}")
        logs = self.laptop.client("logs")
        logs.create_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{self.name}-table")
        logs.create_log_group(logGroupName=f"/aws/lambda/{self.name}-PredictFunction-A1B2C3")
        group = "/aws/sagemaker/TrainingJobs"
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            logs.create_log_group(logGroupName=group)
        stream = f"{self.name}-table-{VERSION}-00000000/algo-1-1764000000"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        s3 = self.laptop.client("s3")
        for key in ("checkpoints/run/1.pt", "training/model.tar.gz"):
            for body in (b"old", b"new"):
                s3.put_object(Bucket=self.bucket("work"), Key=key, Body=body)
        s3.delete_object(Bucket=self.bucket("work"), Key="training/model.tar.gz")
        s3.create_multipart_upload(Bucket=self.bucket("uploads"), Key="datasets/half.zip")

    def bucket(self, role: str) -> str:
        (found,) = (name for name in self.buckets() if name.startswith(f"{self.name}-{role}"))
        return found

    def buckets(self) -> list[str]:
        listed = self.laptop.client("s3").list_buckets()["Buckets"]
        own = (f"{self.name}-{role}bucket-" for role in ("uploads", "work", "results"))
        prefixes = tuple(own)
        return [each["Name"] for each in listed if each["Name"].startswith(prefixes)]

    def left(self) -> dict[str, int]:
        """How much there is of each kind, the buckets aside."""
        found = self.sagemaker
        logs = self.laptop.client("logs")
        groups = [
            each["logGroupName"]
            for page in logs.get_paginator("describe_log_groups").paginate()
            for each in page["logGroups"]
        ]
        streams = logs.describe_log_streams(
            logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{self.name}-table"
        )["logStreams"]
        targets = self.laptop.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="sagemaker",
            ResourceIds=[f"endpoint/{self.name}-table/variant/primary"],
        )["ScalableTargets"]
        own = f"{self.name}-table"
        pages = {
            "models": ("list_models", "Models", "ModelName"),
            "configs": ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
            "endpoints": ("list_endpoints", "Endpoints", "EndpointName"),
            "groups": (
                "list_model_package_groups",
                "ModelPackageGroupSummaryList",
                "ModelPackageGroupName",
            ),
        }
        counts = {
            kind: sum(
                each[key].startswith(own)
                for page in found.get_paginator(operation).paginate()
                for each in page[member]
            )
            for kind, (operation, member, key) in pages.items()
        }
        logged = [f"/aws/sagemaker/Endpoints/{own}", f"/aws/lambda/{self.name}-PredictFunction"]
        return {
            **counts,
            "targets": len(targets),
            "streams": len(streams),
            "logs": sum(group.startswith(tuple(logged)) for group in groups),
            "executions": self._running(),
        }

    def _running(self) -> int:
        states = self.laptop.client("stepfunctions")
        return sum(
            len(
                states.list_executions(
                    stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING"
                )["executions"]
            )
            for machine in states.list_state_machines()["stateMachines"]
            if machine["name"] == f"{self.name}-train-table"
        )

    def _execution(self) -> None:
        states = self.laptop.client("stepfunctions")
        machine = states.create_state_machine(
            name=f"{self.name}-train-table", definition=json.dumps(REST), roleArn=self._role
        )["stateMachineArn"]
        for _ in range(3):
            states.start_execution(stateMachineArn=machine)

    def _release(self, name: str) -> None:
        container = {"Image": "nobody/knows:1", "ModelDataUrl": "s3://nobucket/model.tar.gz"}
        self.sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self._role
        )
        variant = {
            "VariantName": "primary",
            "ModelName": name,
            "InstanceType": "ml.c7i.large",
            "InitialInstanceCount": 1,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self.sagemaker.create_model_package(
            ModelPackageGroupName=f"{self.name}-table",
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )

    def _endpoint(self, name: str, config: str) -> None:
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.laptop.client("application-autoscaling").register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/{name}/variant/primary",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=1,
            MaxCapacity=2,
        )


@pytest.fixture
def account(probe: Laptop, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("AWS_ENDPOINT_URL", probe.endpoint_url)
    return Account()


@pytest.fixture
def deploy(
    probe: Laptop, account: Account, settled: Callable[[str], Any], idle_role: str
) -> Iterator[Callable[..., Deployment]]:
    """Creates a stack with what its runs have left; both are removed at the end of the test."""
    made = []

    def deployed(name: str, releases: int = 1) -> Deployment:
        client = probe.client("cloudformation")
        client.create_stack(StackName=name, TemplateBody=template())
        made.append(name)
        assert settled(name)["StackStatus"] == "CREATE_COMPLETE"
        deployment = Deployment(probe, name, idle_role)
        deployment.fill(releases)
        return deployment

    yield deployed
    states = probe.client("stepfunctions")
    for name in made:
        remove(account, name, lambda kept: DELETE, lambda line: None, poll=0.1)
        for machine in states.list_state_machines()["stateMachines"]:
            if machine["name"] == f"{name}-train-table":
                states.delete_state_machine(stateMachineArn=machine["stateMachineArn"])


def quiet(line: str) -> None:
    """Somebody who is told and says nothing."""


def test_nothing_that_costs_is_left_and_a_neighbour_loses_nothing(
    account: Account, deploy: Callable[..., Deployment]
) -> None:
    wards, neighbour = deploy(STACK, MANY), deploy(NEIGHBOUR)
    before, said = neighbour.left(), list[str]()
    assert before["models"] == 1 and before["executions"] == 3
    kept = wards.buckets()

    remove(account, STACK, lambda kept: KEEP, said.append, poll=0.1)

    assert set(wards.left().values()) == {0}
    assert account.stack(STACK) is None
    assert neighbour.left() == before
    assert len(neighbour.buckets()) == 3
    assert wards.buckets() == kept
    told = "\n".join(said)
    assert all(f"kept: s3://{name}" in told for name in kept)
    assert f"make destroy STACK=wards REGION={account.region} DATA=delete" in told
    versions = account.each("s3", "list_object_versions", "Versions", Bucket=wards.bucket("work"))
    assert {version["Key"] for version in versions} == {"training/model.tar.gz"}


def test_data_that_were_kept_can_be_deleted_when_the_stack_is_gone(
    account: Account, deploy: Callable[..., Deployment]
) -> None:
    wards, neighbour = deploy(STACK), deploy(NEIGHBOUR)
    remove(account, STACK, lambda kept: KEEP, quiet, poll=0.1)

    remove(account, STACK, lambda kept: DELETE, quiet, poll=0.1)

    assert not wards.buckets()
    assert len(neighbour.buckets()) == 3


def test_a_bucket_that_only_looks_like_one_of_the_stack_stays(
    account: Account, probe: Laptop, deploy: Callable[..., Deployment]
) -> None:
    deploy(STACK)
    s3, name = probe.client("s3"), "wards-workbucket-somebodys"
    s3.create_bucket(Bucket=name)

    remove(account, STACK, lambda kept: DELETE, quiet, poll=0.1)

    s3.head_bucket(Bucket=name)
    s3.delete_bucket(Bucket=name)


@pytest.mark.parametrize("at", ["endpoints", "stack deleted", "bucket"])
def test_what_was_interrupted_goes_on(
    account: Account, deploy: Callable[..., Deployment], at: str
) -> None:
    wards = deploy(STACK)

    def interrupt(line: str) -> None:
        if line.startswith(at):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remove(account, STACK, lambda kept: DELETE, interrupt, poll=0.1)
    remove(account, STACK, lambda kept: DELETE, quiet, poll=0.1)

    assert set(wards.left().values()) == {0}
    assert account.stack(STACK) is None
    assert not wards.buckets()


def test_a_stack_that_cannot_be_deleted_is_told_of_and_can_be_tried_again(
    account: Account, probe: Laptop, settled: Callable[[str], Any]
) -> None:
    """Given a bucket with something in it that is not to be retained."""
    resources = {"Resources": {"Full": bucket(policy="Delete"), "Own": {"Type": "AWS::SQS::Queue"}}}
    client = probe.client("cloudformation")
    client.create_stack(StackName=STACK, TemplateBody=json.dumps(resources))
    settled(STACK)
    (name,) = (
        each["PhysicalResourceId"]
        for each in client.describe_stack_resources(StackName=STACK)["StackResources"]
        if each["LogicalResourceId"] == "Full"
    )
    probe.client("s3").put_object(Bucket=name, Key="one", Body=b"")

    with pytest.raises(Unfinished, match=r"Full: .*BucketNotEmpty"):
        remove(account, STACK, lambda kept: DELETE, quiet, poll=0.1)
    stack = account.stack(STACK)
    assert stack and stack["StackStatus"] == "DELETE_FAILED"

    for each in account.each("s3", "list_object_versions", "Versions", Bucket=name):
        probe.client("s3").delete_object(Bucket=name, Key="one", VersionId=each["VersionId"])
    remove(account, STACK, lambda kept: DELETE, quiet, poll=0.1)
    assert account.stack(STACK) is None


def test_a_group_that_holds_packages_keeps_its_stack_from_being_deleted(
    probe: Laptop, account: Account, deploy: Callable[..., Deployment]
) -> None:
    """As AWS does: that is why packages go first."""
    deploy(STACK)

    probe.client("cloudformation").delete_stack(StackName=STACK)

    stack = account.stack(STACK)
    assert stack and stack["StackStatus"] == "DELETE_FAILED"
    assert "ConflictException" in stack["StackStatusReason"]


def test_a_rolled_back_creation_is_removed(
    account: Account, probe: Laptop, create: Callable[..., Any]
) -> None:
    broken = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "no spaces allowed"}}
    stack = create({"Resources": {"UploadsBucket": bucket(), "Bad": broken}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"

    remove(account, stack["StackName"], lambda kept: DELETE, quiet, poll=0.1)

    assert account.stack(stack["StackName"]) is None


def test_a_name_that_no_stack_has_is_not_said_to_be_removed(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be misspelt, or in another region, and costs on there."""
    assert command.main(["--stack", "worlds", "--yes"]) == 1

    said = capsys.readouterr()
    assert "There is no stack worlds" in said.out
    assert f"Found nothing called worlds in {account.region}." in said.err
    assert "is left that runs" not in said.out


def test_nobody_is_asked_by_a_script_so_nothing_is_touched(
    account: Account,
    deploy: Callable[..., Deployment],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Given no terminal, and no --yes; then given --yes, and no --data."""
    wards = deploy(STACK)

    assert command.main(["--stack", STACK]) == 1
    assert account.stack(STACK) is not None

    assert command.main(["--stack", STACK, "--yes"]) == 0
    assert account.stack(STACK) is None
    assert len(wards.buckets()) == 3
    assert "kept: s3://wards-" in capsys.readouterr().out
