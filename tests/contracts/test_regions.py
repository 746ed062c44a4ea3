"""The template in AWS's regions: where it can be deployed, it holds what is right there; where it
cannot, it says so before anything is created."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.cloudformation import rules
from local.cloudformation.intrinsics import Resolver
from local.cloudformation.template import TemplateError, resolve_parameters

Document = dict[str, Any]
GOLDEN = json.loads(Path(__file__).with_name("image_registries.golden.json").read_text())
REGISTRIES = ("DeepLearningRegistry", "LinearLearnerRegistry")
# AWS names it and the SDK does not yet:
# https://github.com/aws/deep-learning-containers/blob/main/docs/reference/region_availability.md
LATER = {"DeepLearningRegistry": {"me-west-1": "124382933778"}, "LinearLearnerRegistry": {}}
OWN_IMAGES = {"TrainingImageUri": "own/training:1", "ServingImageUri": "own/serving:1"}
PARTITIONS = {"cn-": ("aws-cn", "amazonaws.com.cn"), "us-gov-": ("aws-us-gov", "amazonaws.com")}
LINT = Path(sys.executable).with_name("cfn-lint")


def refused(template: Document, region: str, **parameters: str) -> str:
    """Why a deployment into the region is refused; empty where it is not."""
    values = {**resolve_parameters(template, parameters), "AWS::Region": region}
    try:
        rules.check(template, values)
    except TemplateError as error:
        return str(error)
    return ""


def resolver(template: Document, region: str) -> Resolver:
    partitions = [known for prefix, known in PARTITIONS.items() if region.startswith(prefix)]
    partition, suffix = partitions[0] if partitions else ("aws", "amazonaws.com")
    values = {
        **resolve_parameters(template, {}),
        "AWS::Region": region,
        "AWS::Partition": partition,
        "AWS::URLSuffix": suffix,
    }
    return Resolver(template, values, lambda name: name, lambda name, part: name)


def texts(node: Any) -> Iterator[str]:
    """Every literal text of a document, keys included."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from (*texts(key), *texts(value))
    elif isinstance(node, list):
        for each in node:
            yield from texts(each)
    elif isinstance(node, str):
        yield node


@pytest.fixture(scope="module")
def claimed(template: Document) -> list[str]:
    """The regions that the template can be deployed into, with images of one's own or without."""
    regions = template["Mappings"][REGISTRIES[0]]
    return [region for region in regions if not refused(template, region, **OWN_IMAGES)]


def lint(path: Path, *regions: str) -> str:
    command = [str(LINT), str(path), *(("--regions", *regions) if regions else ())]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def known_to_cfn_lint(regions: list[str]) -> list[str]:
    from cfnlint.helpers import REGIONS

    return [region for region in regions if region in REGIONS]


@pytest.mark.slow
def test_cfn_lint_is_clean_in_every_region_that_is_not_refused(
    root: Path, claimed: list[str]
) -> None:
    assert lint(root / "template.yaml", *known_to_cfn_lint(claimed)) == ""


@pytest.mark.slow
def test_cfn_lint_is_clean_after_expansion(expanded: Document, tmp_path: Path) -> None:
    path = tmp_path / "expanded.json"
    path.write_text(json.dumps(expanded, default=str))
    assert lint(path) == ""


@pytest.mark.slow
def test_every_region_that_is_refused_lacks_a_resource_type(
    root: Path, template: Document, claimed: list[str]
) -> None:
    """A region is not refused for longer than needs be."""
    others = sorted(set(template["Mappings"][REGISTRIES[0]]) - set(claimed))
    found = lint(root / "template.yaml", *others)
    lacking = re.findall(r"E3006 Resource type '([\w:]+)' does not exist in '([\w-]+)'", found)
    assert {region for _, region in lacking} == set(others)
    for kind in {kind for kind, _ in lacking}:
        assert kind in refused(template, others[0])


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-east-1", "ap-southeast-4"])
def test_a_region_without_model_package_groups_is_refused_with_a_sentence(
    template: Document, region: str
) -> None:
    reason = refused(template, region, **OWN_IMAGES)
    assert reason.startswith(
        "CloudFormation has no AWS::SageMaker::ModelPackageGroup in this region"
    )


def test_a_region_without_images_is_refused_until_their_uris_are_given(template: Document) -> None:
    mapping = template["Mappings"]["DeepLearningRegistry"]
    without = [region for region, entry in mapping.items() if entry["Account"] == "none"]
    assert without
    for region in without:
        assert refused(template, region).splitlines() == [
            "No account is known that keeps AWS's PyTorch image in this region."
            " Give TrainingImageUri.",
            "No account is known that keeps AWS's Ray Serve image in this region."
            " Give ServingImageUri.",
        ]
        assert not refused(template, region, **OWN_IMAGES)


def test_a_region_with_images_needs_none_of_ones_own(
    template: Document, claimed: list[str]
) -> None:
    mapping = template["Mappings"]["DeepLearningRegistry"]
    for region in claimed:
        assert bool(refused(template, region)) == (mapping[region]["Account"] == "none"), region
    assert {"us-east-1", "ap-northeast-3", "eu-central-2", "us-gov-west-1"} <= set(claimed)


@pytest.mark.parametrize("name", REGISTRIES)
def test_images_come_from_the_accounts_that_aws_names(template: Document, name: str) -> None:
    accounts = {
        region: entry["Account"]
        for region, entry in template["Mappings"][name].items()
        if entry["Account"] != "none"
    }
    assert accounts == {**GOLDEN[name], **LATER[name]}


def test_every_region_that_aws_names_is_in_the_mappings(template: Document) -> None:
    """FindInMap fails for a region that is absent, even where an image's URI is given."""
    session = boto3.session.Session()
    regions = {
        region
        for partition in session.get_available_partitions()
        for service in ("sagemaker", "lambda")
        for region in session.get_available_regions(service, partition_name=partition)
    }
    for name in REGISTRIES:
        assert regions <= set(template["Mappings"][name])
    assert len({tuple(template["Mappings"][name]) for name in REGISTRIES}) == 1


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "763104351884.dkr.ecr.us-east-1.amazonaws.com"),
        ("ap-northeast-3", "364406365360.dkr.ecr.ap-northeast-3.amazonaws.com"),
        ("us-gov-west-1", "442386744353.dkr.ecr.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_training_and_serving_images_are_those_of_the_region(
    template: Document, region: str, host: str
) -> None:
    function = template["Resources"]["PlanReleaseFunction"]["Properties"]
    variables = function["Environment"]["Variables"]
    resolved = resolver(template, region)

    assert resolved.resolve(variables["TRAINING_IMAGE_URI"]).startswith(f"{host}/pytorch:")
    assert resolved.resolve(variables["SERVING_IMAGE_URI"]).startswith(f"{host}/ray:")


def test_the_template_names_no_account_partition_or_host_outside_its_mappings(
    template: Document,
) -> None:
    """Service principals are the same in all partitions."""
    found = list(texts({key: value for key, value in template.items() if key != "Mappings"}))
    assert not [text for text in found if re.search(r"\b\d{12}\b", text)]
    assert not [text for text in found if "arn:aws" in text]
    hosts = {
        host for text in found for host in re.findall(r"[\w.${}:-]*amazonaws\.com[\w.]*", text)
    }
    assert hosts == {
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
        "sagemaker.amazonaws.com",
        "sagemaker.application-autoscaling.amazonaws.com",
    }


@pytest.mark.parametrize("folder", ["core", "functions", "model_code", "statemachine"])
def test_what_runs_on_aws_names_no_account_partition_region_or_host(
    root: Path, folder: str
) -> None:
    wrong = re.compile(
        r"\b\d{12}\b|arn:aws|amazonaws\.com|\b[a-z]{2}(-gov)?-(north|south|east|west|central)+-\d\b"
    )
    sources = [
        path for path in sorted((root / folder).rglob("*")) if path.suffix in (".py", ".json")
    ]
    assert sources
    for path in sources:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not wrong.search(line), (path, line)
