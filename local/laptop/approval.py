"""A person's decision on a registered model, as SageMaker's console would make it."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console

from local.laptop.client import Laptop
from local.runtime.failures import Failure

_PENDING = "PendingManualApproval"


class NothingToApprove(Failure):
    """No such model waits; says which do."""


def describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", help="classifier, segmenter or table; or a release, or an ARN"
    )
    parser.add_argument("--reject", action="store_true", help="the model is not to be deployed")
    parser.add_argument(
        "--because", default="", metavar="TEXT", help="the reason, for whoever asks"
    )


def decide(laptop: Laptop, arguments: argparse.Namespace, console: Console) -> int:
    """Approves or rejects the newest package of that name that waits. Raises NothingToApprove."""
    sagemaker = laptop.client("sagemaker")
    waiting = _waiting(sagemaker)
    found = [package for package in waiting if _is_called(package, arguments.name)]
    if not found:
        others = ", ".join(_release(package) for package in waiting) or "none"
        raise NothingToApprove(f"no model {arguments.name!r} waits for approval; waiting: {others}")
    package = max(found, key=lambda one: int(one["ModelPackageVersion"]))
    status = "Rejected" if arguments.reject else "Approved"
    sagemaker.update_model_package(
        ModelPackageArn=package["ModelPackageArn"],
        ModelApprovalStatus=status,
        ApprovalDescription=arguments.because or f"{status.lower()} at the command line",
    )
    console.print(f"{status}: {_release(package)}, {package['ModelPackageArn']}")
    return 0


def _waiting(sagemaker: Any) -> list[dict[str, Any]]:
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    return [
        package
        for group in groups
        for package in sagemaker.list_model_packages(
            ModelPackageGroupName=group["ModelPackageGroupName"], ModelApprovalStatus=_PENDING
        )["ModelPackageSummaryList"]
    ]


def _is_called(package: dict[str, Any], name: str) -> bool:
    group: str = package["ModelPackageGroupName"]
    return name in (package["ModelPackageArn"], _release(package), group.rpartition("-")[2])


def _release(package: dict[str, Any]) -> str:
    """As a package's description begins."""
    return str(package["ModelPackageDescription"]).partition(",")[0]
