from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sonoflow import settings
from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.releases import model_code, tasks, training_jobs, tuning
from sonoflow.releases.release import Release
from tests.unit import stack
from tests.unit.core.releases.service_models import problems

Compose = Callable[..., Release]
IMAGE_TASKS = [task.name for task in tasks.OF_IMAGES]


def request(release: Release) -> dict[str, Any]:
    composed = training_jobs.tuning_request(release)
    assert composed is not None
    return composed


def config(release: Release) -> dict[str, Any]:
    found: dict[str, Any] = request(release)["HyperParameterTuningJobConfig"]
    return found


def ranges(release: Release) -> dict[str, dict[str, Any]]:
    """Every range of the request by its hyperparameter, with its kind."""
    return {
        one["Name"]: {"kind": kind.removesuffix("ParameterRanges"), **one}
        for kind, several in config(release)["ParameterRanges"].items()
        for one in several
    }


@pytest.mark.parametrize("strategy", ["Random", "Hyperband"])
@pytest.mark.parametrize("task", IMAGE_TASKS)
def test_the_request_is_one_that_sagemaker_takes(
    release: Compose, task: str, strategy: str
) -> None:
    composed = request(release(task, Tune={"Strategy": strategy}))

    assert problems("sagemaker", "CreateHyperParameterTuningJob", composed) == []
    assert len(composed["HyperParameterTuningJobName"]) <= 32


@pytest.mark.parametrize("task", IMAGE_TASKS)
def test_candidates_are_like_the_training_job(release: Compose, task: str) -> None:
    tuned = release(task, Tune=True)

    composed, job = request(tuned), training_jobs.request(tuned)

    definition = composed["TrainingJobDefinition"]
    same = set(definition) - {"StaticHyperParameters"}
    assert same == set(job) - {"TrainingJobName", "HyperParameters", "Tags"}
    assert all(definition[member] == job[member] for member in same)
    assert composed["Tags"] == job["Tags"]
    told = set(definition["StaticHyperParameters"])
    assert told.isdisjoint(ranges(tuned))
    assert told == set(job["HyperParameters"]) - ranges(tuned).keys()
    metrics = {one["Name"] for one in definition["AlgorithmSpecification"]["MetricDefinitions"]}
    assert config(tuned)["HyperParameterTuningJobObjective"]["MetricName"] in metrics


def test_what_is_tuned_lies_around_the_settings(release: Compose) -> None:
    assert ranges(release(Tune=True)) == {
        "batch-size": {"kind": "Categorical", "Name": "batch-size", "Values": ["8", "16", "32"]},
        "epochs": {
            **{"kind": "Integer", "Name": "epochs", "ScalingType": "Linear"},
            **{"MinValue": "6", "MaxValue": "12"},
        },
        "learning-rate": {
            **{"kind": "Continuous", "Name": "learning-rate", "ScalingType": "Logarithmic"},
            **{"MinValue": "0.0001", "MaxValue": "0.01"},
        },
        "weight-decay": {
            **{"kind": "Continuous", "Name": "weight-decay", "ScalingType": "Logarithmic"},
            **{"MinValue": "0.0001", "MaxValue": "0.1"},
        },
    }


def test_a_single_epoch_is_no_interval(release: Compose, settings_env: pytest.MonkeyPatch) -> None:
    settings_env.setenv("CLASSIFIER_EPOCHS", "1")

    assert ranges(release(Tune=True))["epochs"]["Values"] == ["1"]


def test_an_execution_says_what_it_wants(release: Compose) -> None:
    wanted = {
        "MaxNumberOfTrainingJobs": 4,
        "MaxParallelTrainingJobs": 9,
        "RandomSeed": 0,
        "ParameterRanges": {
            "learning-rate": {"MinValue": 0.001, "MaxValue": 0.5},
            "batch-size": {"MinValue": 4, "MaxValue": 64, "ScalingType": "Logarithmic"},
            "epochs": {"Values": [5, 20]},
            "weight-decay": {"MinValue": 0, "MaxValue": 0.1, "ScalingType": "Linear"},
        },
    }

    tuned = release(Tune=wanted)

    assert config(tuned)["ResourceLimits"] == {
        "MaxNumberOfTrainingJobs": 4,
        "MaxParallelTrainingJobs": 4,
    }
    assert config(tuned)["RandomSeed"] == 0
    found = ranges(tuned)
    assert found["learning-rate"]["ScalingType"] == "Logarithmic"  # as the task has it
    assert found["learning-rate"]["MaxValue"] == "0.5"
    assert (found["batch-size"]["kind"], found["batch-size"]["MaxValue"]) == ("Integer", "64")
    assert found["epochs"]["Values"] == ["5", "20"]
    assert found["weight-decay"]["MinValue"] == "0"
    assert problems("sagemaker", "CreateHyperParameterTuningJob", request(tuned)) == []


def test_hyperband_gives_out_the_epochs_itself(release: Compose) -> None:
    """SageMaker ends a job that reaches MaxResource values of the objective: a script gives one
    for each epoch and one at its end, and must not be ended there."""
    tuned = release(Tune={"Strategy": "Hyperband", "ParameterRanges": {"epochs": {"Values": [27]}}})

    assert "epochs" not in ranges(tuned)
    assert request(tuned)["TrainingJobDefinition"]["StaticHyperParameters"]["epochs"] == "27"
    assert config(tuned)["StrategyConfig"] == {
        "HyperbandStrategyConfig": {"MinResource": 3, "MaxResource": 29}
    }


def test_the_settings_tune_what_is_only_dropped(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    assert release().task.tuning is None
    settings_env.setenv("TUNE", "true")
    options = {"Strategy": "Hyperband", "MaxNumberOfTrainingJobs": 7, "MaxParallelTrainingJobs": 2}
    settings_env.setenv("TUNING_OPTIONS", json.dumps(options))

    assert config(release())["Strategy"] == "Hyperband"
    assert config(release(Tune=None))["ResourceLimits"] == {
        "MaxNumberOfTrainingJobs": 7,
        "MaxParallelTrainingJobs": 2,
    }
    assert config(release(Tune={"MaxNumberOfTrainingJobs": 3}))["ResourceLimits"] == {
        "MaxNumberOfTrainingJobs": 3,
        "MaxParallelTrainingJobs": 2,
    }
    assert release(Tune=False).task.tuning is None
    assert release("table").task.tuning is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("[]", "TuningOptions must be a JSON object"),
        ("{", "TuningOptions is no JSON"),
        ('{"Jobs": 3}', "TuningOptions.*'Jobs'"),
        ('{"Strategy": "Grid"}', "TuningOptions.*'Grid'"),
        ('{"MaxNumberOfTrainingJobs": 0}', "TuningOptions.*from 1.*0"),
        ('{"ParameterRanges": {"depth": {"Values": [3]}}}', "TuningOptions.*'depth'"),
        ('{"ParameterRanges": {"learning-rate": {"Values": [0, 0.1]}}}', "learning-rate.*above 0"),
        ('{"ParameterRanges": {"batch-size": {"Values": [9999]}}}', "batch-size.*to 4096"),
        (json.dumps({"ParameterRanges": {"epochs": {"Values": [*range(1, 32)]}}}), "30 Values at"),
        ('{"RandomSeed": 4294967296}', "RandomSeed' must be a whole number from 0 to 2147483647"),
        ('{"MaxNumberOfTrainingJobs": 1000000}', "MaxNumberOfTrainingJobs.*750"),
    ],
)
def test_options_that_no_search_could_be_planned_with_are_found_before_one_is_asked_for(
    root: Path, options: str, message: str
) -> None:
    declared = model_code.hyperparameters("classifier", root / "model_code")

    tuning.check("classification", settings.Search(), {}, declared)
    with pytest.raises(ConfigurationError, match=message):
        tuning.check("classification", settings.Search(tuning_options=options), {}, declared)


def test_what_is_tuned_makes_another_release(release: Compose) -> None:
    names = {
        release().name,
        release(Tune=True).name,
        release(Tune={"Strategy": "Hyperband"}).name,
        release(Tune={"ParameterRanges": {"epochs": {"Values": [3]}}}).name,
    }

    assert len(names) == 4
    assert release(Tune=False).name == release().name


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ("yes", "'Tune' must be true, false or an object"),
        ({"Strategie": "Random"}, "'Tune' has no 'Strategie'"),
        ({"Strategy": "Bayesian"}, "'Tune.Strategy' must be Random or Hyperband"),
        ({"MaxNumberOfTrainingJobs": 0}, "MaxNumberOfTrainingJobs"),
        ({"MaxParallelTrainingJobs": True}, "MaxParallelTrainingJobs"),
        ({"RandomSeed": -1}, "RandomSeed"),
        ({"ParameterRanges": []}, "'Tune.ParameterRanges' must be an object"),
        (
            {"ParameterRanges": {"epochs": {"Values": [True]}}},
            "'Tune.ParameterRanges.epochs' takes a whole number .*not True",
        ),
        (
            {"ParameterRanges": {"lerning-rate": {"Values": [1]}}},
            "'lerning-rate', which is none of .* batch-size, epochs, learning-rate, weight-decay",
        ),
    ],
)
def test_what_makes_no_sense_is_named(release: Compose, wanted: Any, complaint: str) -> None:
    with pytest.raises(PayloadInvalid, match=complaint):
        release(Tune=wanted)


def test_a_stack_whose_name_leaves_no_room_is_told_so(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("STACK_NAME", "s" * 23)
    assert request(release(Tune=True))["HyperParameterTuningJobName"].startswith("s" * 23 + "-")
    settings_env.setenv("STACK_NAME", "s" * 24)

    with pytest.raises(ConfigurationError, match="more than 23 characters"):
        request(release(Tune=True))


def test_permissions_cover_the_names(release: Compose) -> None:
    """They go by the stack's name; candidates take the tuning job's."""
    name = request(release(Tune=True))["HyperParameterTuningJobName"]

    assert name.startswith(f"{stack.ENVIRONMENT['STACK_NAME']}-")
