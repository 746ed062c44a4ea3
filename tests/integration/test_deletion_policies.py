"""What a deployment that fails, an update and a deletion leave of a stack's resources."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.laptop.client import Laptop

QUEUE = {"Type": "AWS::SQS::Queue"}
BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "no spaces allowed"}}
Names = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("policy", "stays"), [("Delete", False), ("Retain", True), ("RetainExceptOnCreate", False)]
)
def test_a_creation_that_fails_leaves_what_is_retained_then_too(
    probe: Laptop, create: Callable[..., Any], queue_names: Names, policy: str, stays: bool
) -> None:
    good = {**QUEUE, "DeletionPolicy": policy}

    stack = create({"Resources": {"Good": good, "Bad": {**BROKEN, "DependsOn": "Good"}}})

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert len(queue_names(stack["StackName"])) == stays
    client = probe.client("cloudformation")
    events = client.describe_stack_events(StackName=stack["StackName"])["StackEvents"]
    statuses = {e["ResourceStatus"] for e in events if e["LogicalResourceId"] == "Good"}
    assert ("DELETE_SKIPPED" if stays else "DELETE_COMPLETE") in statuses


@pytest.mark.parametrize(
    ("policy", "stays"), [("Delete", False), ("Retain", True), ("RetainExceptOnCreate", True)]
)
def test_deleting_a_stack_leaves_what_is_retained(
    probe: Laptop, create: Callable[..., Any], queue_names: Names, policy: str, stays: bool
) -> None:
    good = {**QUEUE, "DeletionPolicy": policy}
    stack = create({"Resources": {"Gone": QUEUE, "Good": good}})

    probe.client("cloudformation").delete_stack(StackName=stack["StackName"])

    left = queue_names(stack["StackName"])
    assert [name.split("-")[-2] for name in left] == ["Good"] * stays


def test_a_stack_is_deleted_by_the_policy_that_its_last_update_gave_a_resource(
    probe: Laptop,
    create: Callable[..., Any],
    settled: Callable[[str], Any],
    queue_names: Names,
) -> None:
    stack = create({"Resources": {"Good": QUEUE}})
    client, name = probe.client("cloudformation"), stack["StackName"]
    kept = {"Resources": {"Good": {**QUEUE, "DeletionPolicy": "RetainExceptOnCreate"}}}

    client.update_stack(StackName=name, TemplateBody=json.dumps(kept))
    settled(name)
    client.delete_stack(StackName=name)

    assert len(queue_names(name)) == 1


def test_an_update_that_fails_takes_back_what_it_created_unless_it_is_retained(
    probe: Laptop,
    create: Callable[..., Any],
    settled: Callable[[str], Any],
    queue_names: Names,
) -> None:
    stack = create({"Resources": {"Good": QUEUE}})
    client, name = probe.client("cloudformation"), stack["StackName"]
    added = {
        "Kept": {**QUEUE, "DeletionPolicy": "Retain"},
        "Tried": {**QUEUE, "DeletionPolicy": "RetainExceptOnCreate"},
        "Bad": {**BROKEN, "DependsOn": ["Kept", "Tried"]},
    }

    resources = {"Resources": {"Good": QUEUE, **added}}
    client.update_stack(StackName=name, TemplateBody=json.dumps(resources))

    assert settled(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    left = {queue.split("-")[-2] for queue in queue_names(name)}
    assert left == {"Good", "Kept"}


@pytest.mark.parametrize(
    "policies",
    [
        {"DeletionPolicy": "Snapshot"},
        {"DeletionPolicy": "Keep"},
        {"UpdateReplacePolicy": "RetainExceptOnCreate"},
    ],
)
def test_a_policy_that_is_not_known_fails_the_deployment(
    create: Callable[..., Any], policies: dict[str, str]
) -> None:
    stack = create({"Resources": {"Odd": {**QUEUE, **policies}}})

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    for word in next(iter(policies.items())):
        assert word in stack["StackStatusReason"]
