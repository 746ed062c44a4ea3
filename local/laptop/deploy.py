"""Packages a template and deploys it into a runtime, reporting each resource as it comes to be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.laptop.launch import Launch, relax
from local.laptop.package import ARTIFACTS_BUCKET, Packager
from local.runtime.failures import Failure

BUILD = "build"  # of a state folder: local packages as pip builds them, kept between runs
_POLL_SECONDS = 0.05


class DeploymentFailed(Failure):
    """The stack was rolled back; the message is CloudFormation's reason."""


def deploy(
    client: Callable[[str], Any],
    root: Path,
    state: Path,
    launch: Launch,
    stack: str,
    report: Callable[[str], None],
) -> dict[str, str]:
    """Create the stack and return its outputs; raises PackagingError or DeploymentFailed."""
    packager = Packager(client("s3"), root, state / BUILD)
    document = packager.package(launch.template, report)
    if launch.laptop_parameters:
        relax(document)
    # larger than the 51,200 characters that TemplateBody takes, so by URL as `sam deploy` does
    key = f"{stack}.template.json"
    client("s3").put_object(Bucket=ARTIFACTS_BUCKET, Key=key, Body=json.dumps(document).encode())
    cloudformation = client("cloudformation")
    try:
        cloudformation.create_stack(
            StackName=stack,
            TemplateURL=f"{cloudformation.meta.endpoint_url}/{ARTIFACTS_BUCKET}/{key}",
            Parameters=[
                {"ParameterKey": name, "ParameterValue": str(value)}
                for name, value in launch.given.items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        raise DeploymentFailed(error.response["Error"]["Message"]) from error
    return _wait(cloudformation, stack, report)


def _wait(cloudformation: Any, stack: str, report: Callable[[str], None]) -> dict[str, str]:
    reported: set[str] = set()
    while True:
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        for event in reversed(events):
            if event["EventId"] not in reported:
                reported.add(event["EventId"])
                if event["ResourceStatus"] in ("CREATE_COMPLETE", "CREATE_FAILED"):
                    report(f"{event['ResourceType']} {event['LogicalResourceId']}")
        if status["StackStatus"] == "CREATE_COMPLETE":
            return {each["OutputKey"]: each["OutputValue"] for each in status.get("Outputs", [])}
        if not status["StackStatus"].endswith("_IN_PROGRESS"):
            reason = status.get("StackStatusReason", status["StackStatus"])
            raise DeploymentFailed(f"Stack {stack}: {reason}")
        time.sleep(_POLL_SECONDS)
