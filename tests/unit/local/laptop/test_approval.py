from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from local.laptop import approval
from local.laptop.approval import NothingToApprove
from sonoflow.aws.clients import client


class Laptop:
    """Of which a decision needs the registry alone."""

    client = staticmethod(client)


@pytest.fixture
def decide(aws: None) -> Callable[..., str]:
    """Two classifiers that wait, and a segmenter that does not."""
    sagemaker = client("sagemaker")
    for model, status in (
        ("classifier", "PendingManualApproval"),
        ("classifier", "PendingManualApproval"),
        ("segmenter", "Approved"),
    ):
        name = f"sonoflow-{model}"
        groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        if name not in [group["ModelPackageGroupName"] for group in groups]:
            sagemaker.create_model_package_group(ModelPackageGroupName=name)
        known = len(
            sagemaker.list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]
        )
        sagemaker.create_model_package(
            ModelPackageGroupName=name,
            ModelApprovalStatus=status,
            ModelPackageDescription=f"{name}-release-{known + 1}, trained by the run r",
        )

    def run(*words: str) -> str:
        parser = argparse.ArgumentParser()
        approval.describe(parser)
        text = io.StringIO()
        laptop: Any = Laptop()
        assert approval.decide(laptop, parser.parse_args(words), Console(file=text, width=200)) == 0
        return text.getvalue()

    return run


def statuses() -> dict[str, tuple[str, str | None]]:
    sagemaker = client("sagemaker")
    found = {}
    for name in ("sonoflow-classifier", "sonoflow-segmenter"):
        for one in sagemaker.list_model_packages(ModelPackageGroupName=name)[
            "ModelPackageSummaryList"
        ]:
            package = sagemaker.describe_model_package(ModelPackageName=one["ModelPackageArn"])
            key = f"{name}/{one['ModelPackageVersion']}"
            found[key] = (package["ModelApprovalStatus"], package.get("ApprovalDescription"))
    return found


def test_the_newest_that_waits_is_approved(decide: Callable[..., str]) -> None:
    said = decide("classifier")

    assert said.startswith("Approved: sonoflow-classifier-release-2, arn:aws:sagemaker:")
    assert statuses()["sonoflow-classifier/1"][0] == "PendingManualApproval"
    assert statuses()["sonoflow-classifier/2"] == ("Approved", "approved at the command line")


def test_a_release_is_rejected_with_a_reason(decide: Callable[..., str]) -> None:
    decide("sonoflow-classifier-release-1", "--reject", "--because", "misses cysts")

    assert statuses()["sonoflow-classifier/1"] == ("Rejected", "misses cysts")


@pytest.mark.parametrize("name", ["segmenter", "table", "classifer"])
def test_what_does_not_wait_is_not_decided_on(decide: Callable[..., str], name: str) -> None:
    with pytest.raises(NothingToApprove, match=rf"'{name}' waits.*sonoflow-classifier-release-2"):
        decide(name)
