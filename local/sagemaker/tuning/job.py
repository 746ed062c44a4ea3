"""One tuning job: training jobs for the candidates of a search, so many at a time.

A candidate is a training job like any other, created through the API under the tuning job's name, a
number and a digest; its score is the last value of the objective that its log gave.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from moto.sagemaker.models import SageMakerModelBackend

from local.runtime.runtime import Runtime
from local.sagemaker.tuning import requests
from local.sagemaker.tuning.search import Candidate

_POLL_SECONDS = 0.2
_REASON_LENGTH = 1024
_RUNNING = ("InProgress", "Stopping")
_TRAINING_COUNTERS = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
_OBJECTIVE_COUNTERS = ("Succeeded", "Pending", "Failed")
_COUNTERS = {  # by the status of a training job
    "Completed": "Completed",
    "InProgress": "InProgress",
    "Stopping": "InProgress",
    "Failed": "NonRetryableError",
    "Stopped": "Stopped",
}


class TuningFailed(Exception):
    """The tuning job ends as Failed; the message is its failure reason."""


@dataclasses.dataclass
class Trial:
    """A candidate and DescribeTrainingJob of its training job."""

    candidate: Candidate
    job: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.job["TrainingJobName"])

    @property
    def status(self) -> str:
        return str(self.job["TrainingJobStatus"])

    def objective(self, metric: str) -> float | None:
        """The last value of the metric; None unless the training job completed and gave one."""
        if self.status != "Completed":
            return None
        for found in self.job.get("FinalMetricDataList") or []:
            if found["MetricName"] == metric and math.isfinite(found["Value"]):
                return float(found["Value"])
        return None


class TuningJob:
    """Runs one CreateHyperParameterTuningJob request to its end.

    `record` is moto's, which DescribeHyperParameterTuningJob shows.
    """

    def __init__(
        self,
        runtime: Runtime,
        request: Mapping[str, Any],
        record: Any,
        backend: SageMakerModelBackend,
    ) -> None:
        self.name = str(request["HyperParameterTuningJobName"])
        self._request, self._record, self._backend = request, record, backend
        config = request["HyperParameterTuningJobConfig"]
        self._objective = config["HyperParameterTuningJobObjective"]
        self._at_once = config["ResourceLimits"]["MaxParallelTrainingJobs"]
        self._search = requests.search(request)
        self._sagemaker = runtime.client("sagemaker")
        self._trials: list[Trial] = []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tuning-{self.name}", daemon=True)

    def start(self) -> None:
        self._count()
        self._thread.start()

    def stop(self) -> None:
        with self._lock:
            if self._record.hyper_parameter_tuning_job_status == "InProgress":
                self._record.hyper_parameter_tuning_job_status = "Stopping"
        self._stop.set()

    def summaries(self) -> list[dict[str, Any]]:
        """As ListTrainingJobsForHyperParameterTuningJob shows them, in the order of their start."""
        return [self._summary(trial) for trial in self._trials]

    def _run(self) -> None:
        try:
            self._tune()
        except TuningFailed as error:
            self._stop_trials(self._running())
            self._end("Failed", str(error))
        except Exception as error:  # a defect of the runtime must not leave the job running
            self._stop_trials(self._running())
            self._end("Failed", f"InternalServerError: {type(error).__name__}: {error}")
        else:
            self._end("Stopped" if self._stop.is_set() else "Completed")

    def _tune(self) -> None:
        stopping = False
        while True:
            running = self._running()
            if self._stop.is_set() and not stopping:
                stopping = True
                self._stop_trials(running)
            while not self._stop.is_set() and len(running) < self._at_once:
                candidate = self._search.next()
                if candidate is None:
                    break
                running.append(self._launch(candidate))
            self._count()
            if not running:
                break
            time.sleep(_POLL_SECONDS)
            self._look(running)
        if not self._stop.is_set():
            self._require_best()

    def _running(self) -> list[Trial]:
        return [trial for trial in self._trials if trial.status in _RUNNING]

    def _launch(self, candidate: Candidate) -> Trial:
        text = json.dumps([self.name, candidate.drawn, candidate.epochs], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        name = f"{self.name}-{len(self._trials) + 1:03d}-{digest}"
        request = requests.training_job(self._request, name, candidate.drawn, candidate.epochs)
        try:
            self._sagemaker.create_training_job(**request)
        except ClientError as error:
            raise TuningFailed(f"ClientError: {name} cannot be created: {error}") from error
        self._backend.training_jobs[name].tuning_job_arn = self._record.arn
        trial = Trial(candidate, self._describe(name))
        self._trials.append(trial)
        return trial

    def _look(self, running: list[Trial]) -> None:
        for trial in running:
            trial.job = self._describe(trial.name)
            if trial.status not in _RUNNING:
                value = trial.objective(self._objective["MetricName"])
                self._search.report(trial.candidate, None if value is None else self._score(value))

    def _describe(self, name: str) -> dict[str, Any]:
        description: dict[str, Any] = self._sagemaker.describe_training_job(TrainingJobName=name)
        return description

    def _stop_trials(self, trials: list[Trial]) -> None:
        for trial in trials:
            try:
                self._sagemaker.stop_training_job(TrainingJobName=trial.name)
            except ClientError:
                continue  # it has ended by itself meanwhile

    def _score(self, value: float) -> float:
        return value if self._objective["Type"] == "Maximize" else -value

    def _best(self) -> Trial | None:
        metric = self._objective["MetricName"]
        scored = [
            (self._score(value), trial)
            for trial in self._trials
            if (value := trial.objective(metric)) is not None
        ]
        return max(scored, key=lambda each: each[0])[1] if scored else None

    def _require_best(self) -> None:
        if self._best() is not None:
            return
        completed = [trial for trial in self._trials if trial.status == "Completed"]
        if completed:
            raise TuningFailed(
                f"No objective metrics found after running {len(completed)} training jobs. Please "
                "ensure that the custom algorithm is emitting the objective metric as defined by "
                f"the regular expression provided: {self._objective['MetricName']}."
            )
        first = self._trials[0]
        reason = first.job.get("FailureReason", f"it is {first.status}")
        raise TuningFailed(
            f"All {len(self._trials)} training jobs failed. The first, {first.name}: {reason}"
        )

    def _count(self) -> None:
        """What DescribeHyperParameterTuningJob shows of the training jobs."""
        record, metric = self._record, self._objective["MetricName"]
        statuses = Counter(_COUNTERS[trial.status] for trial in self._trials)
        record.training_job_status_counters = {name: statuses[name] for name in _TRAINING_COUNTERS}
        objectives = Counter(_objective_status(trial, metric) for trial in self._trials)
        record.objective_status_counters = {name: objectives[name] for name in _OBJECTIVE_COUNTERS}
        best = self._best()
        record.best_training_job = best and self._summary(best)
        record.last_modified_time = _now()

    def _summary(self, trial: Trial) -> dict[str, Any]:
        metric = self._objective["MetricName"]
        value = trial.objective(metric)
        times = ("CreationTime", "TrainingStartTime", "TrainingEndTime")
        summary = {
            "TrainingJobName": trial.name,
            "TrainingJobArn": trial.job["TrainingJobArn"],
            "TuningJobName": self.name,
            "TrainingJobStatus": trial.status,
            "TunedHyperParameters": trial.candidate.drawn,
            "ObjectiveStatus": _objective_status(trial, metric),
            **{name: _naive(trial.job[name]) for name in times if name in trial.job},
        }
        if "FailureReason" in trial.job:
            summary["FailureReason"] = trial.job["FailureReason"]
        if value is not None:
            final = {"Type": self._objective["Type"], "MetricName": metric, "Value": value}
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = final
        return summary

    def _end(self, status: str, reason: str | None = None) -> None:
        self._count()
        record = self._record
        now = record.hyper_parameter_tuning_end_time = _now()
        seconds = round((now - record.creation_time).total_seconds())
        record.consumed_resources = {"RuntimeInSeconds": max(1, seconds)}
        if reason:
            record.failure_reason = reason[:_REASON_LENGTH]
        with self._lock:  # last: whoever waits for it reads the rest next
            record.hyper_parameter_tuning_job_status = status


def _objective_status(trial: Trial, metric: str) -> str:
    if trial.status in _RUNNING:
        return "Pending"
    return "Failed" if trial.objective(metric) is None else "Succeeded"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)  # moto's own kind


def _naive(moment: datetime.datetime) -> datetime.datetime:
    return moment.astimezone(datetime.UTC).replace(tzinfo=None)
