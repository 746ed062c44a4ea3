"""Tuning jobs as searches over real training processes, through the API and Step Functions."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.interpreter.conftest import Platform, wait_for
from tests.integration.interpreter.test_training_jobs import Job

# Its last score is best at rate 1, and better with more epochs.
SCORE = """
import sys
told = dict(zip(sys.argv[1::2], sys.argv[2::2]))
rate, epochs = float(told["--rate"]), int(told["--epochs"])
print("score=9.9 of nothing yet", flush=True)
print(f"score={-abs(rate - 1) + epochs / 100}", flush=True)
"""
SLOW = "import time\nprint('score=1', flush=True)\ntime.sleep(60)\n"
DONE = ("Completed", "Failed", "Stopped")


class Tuning:
    """A tuning job of one script."""

    def __init__(self, platform: Platform, script: str, **config: Any) -> None:
        self.job = Job(platform, script)
        self.platform, self.sagemaker = platform, self.job.sagemaker
        self.name = f"tune-{uuid.uuid4().hex[:12]}"
        definition = {
            member: value
            for member, value in self.job.request.items()
            if member not in ("TrainingJobName", "HyperParameters")
        }
        definition["AlgorithmSpecification"] = {
            **definition["AlgorithmSpecification"],
            "MetricDefinitions": [{"Name": "score", "Regex": "score=([0-9.eE+-]+)"}],
        }
        definition["StaticHyperParameters"] = {**self.job.request["HyperParameters"], "epochs": "9"}
        rate = {"Name": "rate", "MinValue": "0.01", "MaxValue": "100"}
        self.request: dict[str, Any] = {
            "HyperParameterTuningJobName": self.name,
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 2},
                "ParameterRanges": {
                    "ContinuousParameterRanges": [{**rate, "ScalingType": "Logarithmic"}]
                },
                "RandomSeed": 5,
                **config,
            },
            "TrainingJobDefinition": definition,
            "Tags": [{"Key": "run", "Value": "r1"}],
        }

    def create(self) -> None:
        self.sagemaker.create_hyper_parameter_tuning_job(**self.request)

    def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=self.name
        )
        return described

    def finish(self) -> dict[str, Any]:
        return wait_for(
            self.describe, lambda job: job["HyperParameterTuningJobStatus"] in DONE, 120
        )

    def run(self) -> dict[str, Any]:
        self.create()
        return self.finish()

    def jobs(self, **arguments: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            self.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
                HyperParameterTuningJobName=self.name, **arguments
            )["TrainingJobSummaries"]
        )
        return found

    def hyperparameters(self, name: str) -> dict[str, str]:
        """Of a training job, as it describes them."""
        described = self.sagemaker.describe_training_job(TrainingJobName=name)
        return dict(described["HyperParameters"])


def rate(job: dict[str, Any]) -> float:
    return float(job["TunedHyperParameters"]["rate"])


def value(job: dict[str, Any]) -> float:
    return float(job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])


@pytest.fixture(scope="module")
def searched(platform: Platform) -> Tuning:
    """A random search that is over."""
    tuning = Tuning(platform, SCORE)
    tuning.run()
    return tuning


def test_a_random_search_trains_its_candidates_and_takes_the_best(searched: Tuning) -> None:
    described = searched.describe()

    jobs = searched.jobs()
    assert described["HyperParameterTuningJobStatus"] == "Completed", described
    assert described["TrainingJobStatusCounters"]["Completed"] == 3
    assert described["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    assert described["ConsumedResources"]["RuntimeInSeconds"] >= 1
    best = described["BestTrainingJob"]
    closest = min(jobs, key=lambda job: abs(rate(job) - 1))
    assert best["TrainingJobName"] == closest["TrainingJobName"]
    assert value(best) == pytest.approx(-abs(rate(best) - 1) + 0.09)  # the last value of the log
    assert best["TuningJobName"] == searched.name


def test_a_candidate_is_a_training_job_of_its_own(searched: Tuning) -> None:
    names = [job["TrainingJobName"] for job in searched.jobs()]

    assert [name[: len(searched.name) + 5] for name in names] == [
        f"{searched.name}-{number:03d}-" for number in (1, 2, 3)
    ]
    described = searched.sagemaker.describe_training_job(TrainingJobName=names[1])
    assert described["TuningJobArn"] == searched.describe()["HyperParameterTuningJobArn"]
    assert described["HyperParameters"]["_tuning_objective_metric"] == "score"
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == (
        f"s3://{searched.job.bucket}/training/{names[1]}/output/model.tar.gz"
    )
    tags = searched.sagemaker.list_tags(ResourceArn=described["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "run", "Value": "r1"}]


def test_candidates_are_listed_by_value_and_in_pages(searched: Tuning) -> None:
    by_value = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"}

    values = [value(job) for job in searched.jobs(**by_value)]

    assert values == sorted(values, reverse=True)
    assert value(searched.describe()["BestTrainingJob"]) == values[0]
    assert len(searched.jobs(MaxResults=2)) == 2
    assert searched.jobs(StatusEquals="Failed") == []


def test_the_same_seed_draws_the_same_candidates(platform: Platform, searched: Tuning) -> None:
    again, other = Tuning(platform, SCORE), Tuning(platform, SCORE, RandomSeed=6)
    again.run(), other.run()

    rates = [[rate(job) for job in tuning.jobs()] for tuning in (searched, again, other)]
    assert rates[0] == rates[1]
    assert not set(rates[0]) & set(rates[2])


def test_no_more_run_at_a_time_than_allowed(platform: Platform) -> None:
    limits = {"MaxNumberOfTrainingJobs": 5, "MaxParallelTrainingJobs": 2}
    tuning = Tuning(platform, f"{SCORE}import time\ntime.sleep(0.5)\n", ResourceLimits=limits)

    tuning.run()

    jobs = [
        tuning.sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
        for job in tuning.jobs()
    ]
    spans = [(job["CreationTime"], job["TrainingEndTime"]) for job in jobs]
    together = [sum(begin <= moment < end for begin, end in spans) for moment, _ in spans]
    assert len(jobs) == 5
    assert max(together) == 2


def test_the_least_wins_where_it_is_asked_for(platform: Platform) -> None:
    least = {"Type": "Minimize", "MetricName": "score"}
    tuning = Tuning(platform, SCORE, HyperParameterTuningJobObjective=least)

    best = tuning.run()["BestTrainingJob"]

    assert value(best) == min(value(job) for job in tuning.jobs())


def test_halving_gives_the_best_third_more_epochs(platform: Platform) -> None:
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 3}
    tuning = Tuning(platform, SCORE, Strategy="Hyperband", ResourceLimits=limits)

    described = tuning.run()

    jobs = tuning.jobs()
    epochs = [tuning.hyperparameters(job["TrainingJobName"])["epochs"] for job in jobs]
    assert epochs == ["3", "3", "3", "9"]
    assert rate(jobs[3]) == min((rate(job) for job in jobs[:3]), key=lambda rate: abs(rate - 1))
    assert described["BestTrainingJob"]["TrainingJobName"] == jobs[3]["TrainingJobName"]


def test_a_candidate_that_fails_does_not_stop_the_search(platform: Platform) -> None:
    script = f"{SCORE}if rate > 1:\n    raise ValueError('too fast')\n"
    rates = [{"Name": "rate", "Values": ["0.5", "2"]}]
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 4}
    tuning = Tuning(
        platform,
        script,
        ParameterRanges={"CategoricalParameterRanges": rates},
        ResourceLimits=limits,
    )

    described = tuning.run()

    failed = [job for job in tuning.jobs() if job["TrainingJobStatus"] == "Failed"]
    assert 0 < len(failed) < 4
    assert described["HyperParameterTuningJobStatus"] == "Completed"
    assert described["TrainingJobStatusCounters"]["NonRetryableError"] == len(failed)
    assert described["ObjectiveStatusCounters"]["Failed"] == len(failed)
    assert rate(described["BestTrainingJob"]) <= 1
    assert all("too fast" in job["FailureReason"] for job in failed)


def test_a_search_without_a_survivor_fails_and_says_why(platform: Platform) -> None:
    described = Tuning(platform, "raise ValueError('no images')").run()

    assert described["HyperParameterTuningJobStatus"] == "Failed"
    assert "All 3 training jobs failed" in described["FailureReason"]
    assert "ValueError: no images" in described["FailureReason"]
    assert "BestTrainingJob" not in described


def test_a_search_whose_jobs_name_no_objective_fails_and_says_so(platform: Platform) -> None:
    described = Tuning(platform, "print('score=nonsense')").run()

    assert described["HyperParameterTuningJobStatus"] == "Failed"
    assert "No objective metrics found" in described["FailureReason"]


def test_stopping_a_search_stops_its_jobs(platform: Platform) -> None:
    tuning = Tuning(platform, SLOW)
    tuning.create()
    wait_for(tuning.jobs, lambda jobs: len(jobs) == 2)

    tuning.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning.name)

    described = tuning.finish()
    assert described["HyperParameterTuningJobStatus"] == "Stopped"
    assert [job["TrainingJobStatus"] for job in tuning.jobs()] == ["Stopped", "Stopped"]
    with pytest.raises(ClientError, match="in status Stopped"):
        tuning.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuning.name)


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"Strategy": "Bayesian"}, "Strategy Bayesian"),
        ({"Strategy": "Grid"}, "Strategy Grid"),
        ({"TrainingJobEarlyStoppingType": "Auto"}, "TrainingJobEarlyStoppingType"),
        (
            {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "none"}},
            "'none' is none of",
        ),
        (
            {
                "ParameterRanges": {
                    "CategoricalParameterRanges": [{"Name": "epochs", "Values": ["1"]}]
                }
            },
            "epochs is a static hyperparameter too",
        ),
        (
            {
                "ParameterRanges": {
                    "IntegerParameterRanges": [{"Name": "n", "MinValue": "3", "MaxValue": "1"}]
                }
            },
            "range of n is empty",
        ),
        ({"ParameterRanges": {}}, "there is none"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_name(
    platform: Platform, config: dict[str, Any], complaint: str
) -> None:
    tuning = Tuning(platform, SCORE, **config)

    with pytest.raises(ClientError, match=complaint):
        tuning.create()
    with pytest.raises(ClientError, match="Could not find"):
        tuning.describe()


def test_names_are_unique(platform: Platform, searched: Tuning) -> None:
    with pytest.raises(ClientError) as raised:
        searched.create()

    assert raised.value.response["Error"]["Code"] == "ResourceInUse"


class TestSync:
    def machine(self, tuning: Tuning) -> dict[str, Any]:
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
            "Arguments": tuning.request,
            "End": True,
        }
        return {"StartAt": "Tune", "States": {"Tune": state}}

    def test_the_result_is_the_tuning_jobs_description(self, platform: Platform) -> None:
        tuning = Tuning(platform, SCORE)

        result = platform.states(self.machine(tuning))

        best = tuning.describe()["BestTrainingJob"]
        assert result["BestTrainingJob"]["TrainingJobName"] == best["TrainingJobName"]
        assert isinstance(result["CreationTime"], int)

    def test_a_failed_search_fails_the_state_with_its_description(self, platform: Platform) -> None:
        description = platform.run(self.machine(Tuning(platform, "raise ValueError('no')")))

        assert description["error"] == "States.TaskFailed"
        assert "ValueError: no" in json.loads(description["cause"])["FailureReason"]

    def test_stopping_the_execution_stops_the_search(self, platform: Platform) -> None:
        tuning = Tuning(platform, SLOW)
        execution = platform.start(self.machine(tuning))
        wait_for(lambda: _jobs_or_nothing(tuning), lambda jobs: len(jobs) == 2)

        platform.client("stepfunctions").stop_execution(executionArn=execution)

        assert tuning.finish()["HyperParameterTuningJobStatus"] == "Stopped"
        time.sleep(0.5)
        assert len(tuning.jobs()) == 2


def _jobs_or_nothing(tuning: Tuning) -> list[dict[str, Any]]:
    try:
        return tuning.jobs()
    except ClientError:
        return []
