from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.cloudformation.template import TemplateError
from local.laptop.launch import Launch


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ClassifierHyperparameters", '{"batchsize": 8}', "'batchsize'; did you mean batch-size"),
        ("ClassifierHyperparameters", '{"epochs": 8}', "epochs is set by the parameter Classif"),
        ("SegmenterHyperparameters", '{"base-channels": 0}', "base-channels must be"),
        ("TableHyperparameters", '{"loss": "hinge"}', "TableHyperparameters: loss must be"),
        ("StagingOptions", '{"split-folds": 1}', "StagingOptions: split-folds must be"),
        ("TuningOptions", '{"MaxNumberOfTrainingJobs": "4"}', "TuningOptions.*'4'"),
        ("ClassifierHyperparameters", "{batch-size: 8}", "ClassifierHyperparameters is no JSON"),
    ],
)
def test_parameters_that_nothing_could_be_trained_with_are_refused_before_anything_starts(
    root: Path, name: str, value: str, message: str
) -> None:
    Launch.of(root, None, {})

    with pytest.raises(TemplateError, match=message):
        Launch.of(root, None, {name: value})
    with pytest.raises(TemplateError, match=message):
        Launch.of(root, root / "template.yaml", {name: value})


def test_a_given_object_lies_over_the_laptops_member_by_member(root: Path) -> None:
    given = {"StagingOptions": '{"split-seed": 3}', "SegmenterHyperparameters": '{"depth": 3}'}

    resolved = Launch.of(root, None, given).resolved

    staging = {"stage-batch-images": 100, "minimum-images-per-class": 3, "split-seed": 3}
    assert json.loads(resolved["StagingOptions"]) == staging
    assert json.loads(resolved["SegmenterHyperparameters"]) == {"base-channels": 8, "depth": 3}


def test_what_has_no_meaning_beside_what_is_given_is_left_out(root: Path) -> None:
    """The laptop's U-Net is a small plain one."""
    given = {"SegmenterHyperparameters": '{"encoder": "resnet18"}'}

    resolved = Launch.of(root, None, given).resolved

    assert json.loads(resolved["SegmenterHyperparameters"]) == {"encoder": "resnet18"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TrainingInstanceCount", "1.5"),
        ("TrainingMaxRuntimeSeconds", "3600.5"),
        ("ScalingMaximum", "1.5"),
        ("ServerlessMaxConcurrency", "2.5"),
        ("TableInstanceCount", "1.5"),
        ("ClassifierEpochs", "60.0"),
    ],
)
def test_cloudformations_numbers_that_are_no_whole_ones_are_refused_by_name(
    root: Path, name: str, value: str
) -> None:
    with pytest.raises(TemplateError, match=f"{name} .*{value}.*a whole number"):
        Launch.of(root, None, {name: value})


def test_a_batch_that_instances_cannot_share_is_refused(root: Path) -> None:
    with pytest.raises(TemplateError, match="batch-size is 16, less than TrainingInstanceCount"):
        Launch.of(root, None, {"TrainingInstanceCount": "20"})


def test_a_laptop_looks_at_its_endpoints_more_often_than_aws_would_let_it(root: Path) -> None:
    assert Launch.of(root, None, {}).resolved["EndpointPollSeconds"] == "1"

    with pytest.raises(TemplateError, match="EndpointPollSeconds"):
        Launch.of(root, root / "template.yaml", {"EndpointPollSeconds": "1"})


def test_more_instances_at_least_than_at_most_are_refused(root: Path) -> None:
    with pytest.raises(TemplateError, match="ScalingMinimum is 12, more than ScalingMaximum"):
        Launch.of(root, None, {"ScalingMinimum": "12", "ScalingMaximum": "11"})
