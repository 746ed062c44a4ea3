"""One machinery, both ways of hosting; once per content; updated in place, and gone back on."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contracts.test_answers import block, schema
from tests.e2e.conftest import RUN_TIMEOUT, Deploy, Stack, mailbox_of_rule, wait_for

pytestmark = pytest.mark.slow

Phantoms = Callable[[int], bytes]
ROOT = Path(__file__).resolve().parents[2]


def one_image(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        name = next(each for each in members.namelist() if each.endswith(").png"))
        return members.read(name)


def scaling_policies(stack: Stack) -> list[dict[str, Any]]:
    scaling = stack.laptop.client("application-autoscaling")
    found: list[dict[str, Any]] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    return found


def serving(stack: Stack) -> dict[str, str]:
    """Endpoint name → the configuration that it serves."""
    names = [e["EndpointName"] for e in stack.sagemaker.list_endpoints()["Endpoints"]]
    described = [stack.sagemaker.describe_endpoint(EndpointName=name) for name in names]
    assert {endpoint["EndpointStatus"] for endpoint in described} <= {"InService"}
    return {endpoint["EndpointName"]: endpoint["EndpointConfigName"] for endpoint in described}


def tags(stack: Stack, arn: str) -> dict[str, str]:
    found = stack.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def left_over(stack: Stack) -> set[str]:
    """Names of the models and endpoint configurations that exist."""
    models = [m["ModelName"] for m in stack.sagemaker.list_models()["Models"]]
    configs = stack.sagemaker.list_endpoint_configs()["EndpointConfigs"]
    return {*models, *(config["EndpointConfigName"] for config in configs)}


def approvals(stack: Stack, group: str) -> dict[int, str]:
    """Version → approval status of a model package group."""
    packages = stack.sagemaker.list_model_packages(ModelPackageGroupName=group)
    return {
        package["ModelPackageVersion"]: package["ModelApprovalStatus"]
        for package in packages["ModelPackageSummaryList"]
    }


def test_realtime_hosting_scales(deploy: Deploy, phantoms: Phantoms, root: Path) -> None:
    given = {"HostingMode": "realtime", "ScalingMaximum": "3", "CostTags": "team=breast unit"}
    # Nobody is that sure: the image is a case for review.
    with deploy(**given, ReviewBelowProbability="1") as stack:
        told = mailbox_of_rule(stack, block(root, "json"))
        stack.upload("inbox/early.png", one_image(phantoms(1)))  # long before its models
        ended = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))

        assert ended["status"] == "SUCCEEDED", ended.get("cause")
        policies = {policy["ResourceId"]: policy for policy in scaling_policies(stack)}
        assert set(policies) == {
            "endpoint/sonoflow-classifier/variant/primary",
            "endpoint/sonoflow-segmenter/variant/primary",
        }
        for policy in policies.values():
            target = policy["TargetTrackingScalingPolicyConfiguration"]
            assert target["ScaleInCooldown"] == 300
            assert target["TargetValue"] > 0  # what the probe measured
        check_what_is_told(stack, told(), root)
        assert stack.depth("InboxDeadLetterQueueUrl") == 0
        lasting = {"team": "breast unit", "sonoflow:stack": "sonoflow"}
        for name in serving(stack):
            arn = stack.sagemaker.describe_endpoint(EndpointName=name)["EndpointArn"]
            assert tags(stack, arn) == lasting
        for job in stack.sagemaker.list_training_jobs()["TrainingJobSummaries"]:
            found = tags(stack, job["TrainingJobArn"])
            assert found == {**found, **lasting}
            assert found.keys() - lasting.keys() == {"sonoflow:dataset", "sonoflow:run"}


def check_what_is_told(stack: Stack, event: dict[str, Any], root: Path) -> None:
    """By the rule that the document shows: a case for review, of a document that is there."""
    assert (event["source"], event["detail-type"]) == ("sonoflow", "Prediction Written")
    detail = event["detail"]
    Draft202012Validator(schema(root, "event")).validate(detail)
    assert (detail["bucket"], detail["key"]) == (stack.results, "predictions/early.png.json")
    found = stack.document(stack.results, detail["key"])
    assert found is not None
    assert detail["label"] == found["classification"]["label"]
    assert found["decision"]["review_below_from"] == "parameter"
    versions = {role: model["version"] for role, model in found["models"].items()}
    assert {role: model["version"] for role, model in detail["models"].items()} == versions
    case = stack.wait_for_document(stack.results, "review/early.png.json")
    assert case["explanations"] == found["decision"]["explanations"]
    (key,) = wait_for(lambda: stack.keys(stack.results, "index/"), "the index", 30)
    line = stack.document(stack.results, key)
    assert line is not None
    assert line["id"] == detail["id"]


def test_a_second_data_set_updates_the_endpoints_in_place(
    deploy: Deploy, phantoms: Phantoms
) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ray:serve-ml-sagemaker-own"
    with deploy(HostingMode="serverless", ServingImageUri=image) as stack:
        first = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))
        assert first["status"] == "SUCCEEDED", first.get("cause")
        assert scaling_policies(stack) == []  # serverless does not scale by policy
        before = serving(stack)

        stack.upload("datasets/phantoms.zip", phantoms(1))  # the same again
        second = stack.run_to_the_end("datasets/phantoms.zip", phantoms(2))

        assert second["status"] == "SUCCEEDED", second.get("cause")
        assert len(stack.runs()) == 2
        after = serving(stack)
        assert set(after) == {"sonoflow-classifier", "sonoflow-segmenter"}
        assert all(after[name] != before[name] for name in after)
        releases = json.loads(second["output"])["releases"]
        assert {release["release"] for release in releases} == set(after.values())
        assert approvals(stack, "sonoflow-classifier") == {1: "Approved", 2: "Approved"}


def command_line(stack: Stack, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "local", *arguments, "--state", str(stack.laptop.state)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_person_decides_on_each_model_where_that_is_asked_for(
    deploy: Deploy, phantoms: Phantoms
) -> None:
    """The classifier is approved, the segmenter is not."""
    with deploy(Approval="manual") as stack:
        stack.upload("datasets/phantoms.zip", phantoms(1))
        pending = {1: "PendingManualApproval"}
        for name in ("sonoflow-classifier", "sonoflow-segmenter"):
            wait_for(partial(approvals, stack, name), f"{name} to be registered", RUN_TIMEOUT)
            assert approvals(stack, name) == pending
        asked = [stack.notification("Approve or reject the package") for _ in range(2)]
        assert all("no model is in service" in message for message in asked)
        assert serving(stack) == {}

        said = command_line(stack, "approve", "classifier", "--because", "read by A.")
        assert said.startswith("Approved: sonoflow-classifier-")
        said = command_line(stack, "approve", "segmenter", "--reject", "--because", "misses cysts")
        assert said.startswith("Rejected: sonoflow-segmenter-")
        (run,) = stack.runs()
        ended = stack.end_of(run["executionArn"])

        assert (ended["status"], ended["error"]) == ("FAILED", "ModelRejected")
        assert "segmentation: a person has rejected it: misses cysts" in ended["cause"]
        assert set(serving(stack)) == {"sonoflow-classifier"}
        assert approvals(stack, "sonoflow-classifier") == {1: "Approved"}
        assert approvals(stack, "sonoflow-segmenter") == {1: "Rejected"}
        assert "misses cysts" in stack.notification("training failed")


def test_what_reviewers_say_becomes_the_next_version_of_the_data_set(
    deploy: Deploy, phantoms: Phantoms, tmp_path: Path
) -> None:
    with deploy() as stack:
        ended = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))
        assert ended["status"] == "SUCCEEDED", ended.get("cause")
        first = json.loads(ended["output"])["split"]["splits"]
        stack.upload("inbox/ward/new.png", one_image(phantoms(3)))
        stack.wait_for_document(stack.results, "predictions/ward/new.png.json")

        judged = command_line(
            stack, "feedback", "ward/new.png", "--label", "benign", "--accept-mask"
        )
        assert judged.startswith("accepted: benign, predicted ")
        assert "1 judged images: 20 are needed" in command_line(stack, "collect", "phantoms")
        before = {run["executionArn"] for run in stack.runs()}
        assert "its run has begun" in command_line(stack, "collect", "phantoms", "--minimum", "1")
        (arn,) = wait_for(
            lambda: {run["executionArn"] for run in stack.runs()} - before, "a second run", 60
        )
        second = json.loads(stack.end_of(arn)["output"])["split"]["splits"]

        assert ":phantoms-" in arn
        assert {name: second[name] for name in ("validation", "test")} == {
            name: first[name] for name in ("validation", "test")
        }
        assert sum(second["train"].values()) == sum(first["train"].values()) + 1


def test_two_data_sets_at_once_take_turns_at_the_endpoints(
    deploy: Deploy, phantoms: Phantoms
) -> None:
    """Given two data sets dropped in the same moment, when both have trained, then both are
    released, one after the other, and no lock is left."""
    with deploy() as stack:
        for seed in (1, 2):
            stack.upload(f"datasets/phantoms-{seed}.zip", phantoms(seed))
        wait_for(lambda: len(stack.runs()) == 2, "two runs", 60)
        ended = [stack.end_of(run["executionArn"]) for run in stack.runs()]

        assert [run["status"] for run in ended] == ["SUCCEEDED"] * 2, ended
        released = {
            release["release"] for run in ended for release in json.loads(run["output"])["releases"]
        }
        assert left_over(stack) == released
        assert set(serving(stack).values()) <= released
        for model in ("classifier", "segmenter"):
            assert approvals(stack, f"sonoflow-{model}") == {1: "Approved", 2: "Approved"}
        assert locks(stack) == {name: (config, None) for name, config in serving(stack).items()}


def locks(stack: Stack) -> dict[str, tuple[str, str | None]]:
    """Endpoint → the configuration that has passed its probe there last, and who holds its lock."""
    dynamodb = stack.laptop.client("dynamodb")
    (table,) = dynamodb.list_tables()["TableNames"]
    return {
        item["endpoint"]["S"]: (item["proven"]["S"], item.get("owner", {}).get("S"))
        for item in dynamodb.scan(TableName=table)["Items"]
    }


def test_an_endpoint_that_does_not_come_up_is_undone(deploy: Deploy, phantoms: Phantoms) -> None:
    """Given a serving image that nobody has, when a model is released, then the endpoint, its
    configuration and the model are gone and the package is marked Rejected."""
    with deploy(ServingImageUri="123456789012.dkr.ecr.us-east-1.amazonaws.com/none:1") as stack:
        ended = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))

        assert ended["status"] == "FAILED"
        assert "none:1" in ended["cause"]
        assert serving(stack) == {}
        assert left_over(stack) == set()
        assert approvals(stack, "sonoflow-classifier") == {1: "Rejected"}
        assert stack.running() == []


def test_an_update_that_fails_leaves_the_previous_model_serving(
    deploy: Deploy, phantoms: Phantoms
) -> None:
    """Given endpoints that serve, when the next release's container does not come up, or comes up
    and fails its probe, then the endpoints serve what they served, and nothing else is left."""
    with deploy() as stack:
        first = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))
        assert first["status"] == "SUCCEEDED", first.get("cause")
        before = serving(stack)

        stack.update(ServingImageUri="123456789012.dkr.ecr.us-east-1.amazonaws.com/none:1")
        second = stack.run_to_the_end("datasets/phantoms.zip", phantoms(2))

        assert second["status"] == "FAILED"
        assert second["error"] == "EndpointRolledBack"
        assert serving(stack) == before
        assert left_over(stack) == set(before.values())

        stack.update(ServingImageUri="")
        third = run_with_lost_test_images(stack, phantoms(3))

        assert third["status"] == "FAILED"
        assert "NoSuchKey" in third["cause"]
        assert serving(stack) == before
        assert left_over(stack) == set(before.values())
        expected = {1: "Approved", 2: "Rejected", 3: "Rejected"}
        assert approvals(stack, "sonoflow-classifier") == expected


def run_with_lost_test_images(stack: Stack, body: bytes) -> dict[str, Any]:
    """A run whose test images vanish as soon as training has them: its probes cannot pass."""
    known = {run["executionArn"] for run in stack.runs()}
    stack.upload("datasets/phantoms.zip", body)
    arn = wait_for(
        lambda: {run["executionArn"] for run in stack.runs()} - known, "the third run", 60
    ).pop()
    given = json.loads(stack.states.describe_execution(executionArn=arn)["input"])
    version = given["dataset"]["version"]

    def both_train() -> bool:
        found = stack.sagemaker.list_training_jobs(NameContains=version)["TrainingJobSummaries"]
        jobs = [
            stack.sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
            for job in found
        ]
        begun = [j for j in jobs if j["SecondaryStatus"] not in ("Starting", "Downloading")]
        return len(begun) == 2

    wait_for(both_train, "both jobs to have their data", 120)
    for key in stack.keys(stack.work, f"datasets/phantoms/{version}/images/"):
        stack.s3.delete_object(Bucket=stack.work, Key=key)
    return stack.end_of(arn)
