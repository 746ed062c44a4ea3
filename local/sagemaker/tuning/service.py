"""SageMaker tuning: CreateHyperParameterTuningJob searches, by real training jobs."""

from __future__ import annotations

import json
import threading
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.runtime import patch
from local.runtime.runtime import Runtime
from local.sagemaker.tuning import requests
from local.sagemaker.tuning.job import TuningJob

_DEFAULT_RESULTS = 10
_SORTED_BY = {
    "Name": lambda job: job["TrainingJobName"],
    "CreationTime": lambda job: job["CreationTime"],
    "Status": lambda job: job["TrainingJobStatus"],
}


def install(runtime: Runtime) -> None:
    jobs = TuningJobs(runtime)
    patch.replace(SageMakerModelBackend, "create_hyper_parameter_tuning_job", jobs.hook_backend)
    patch.replace(SageMakerResponse, "create_hyper_parameter_tuning_job", jobs.hook_create)
    SageMakerResponse.stop_hyper_parameter_tuning_job = jobs.hook_stop()
    SageMakerResponse.list_training_jobs_for_hyper_parameter_tuning_job = jobs.hook_list()


class TuningJobs:
    """The tuning jobs of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._jobs: dict[str, TuningJob] = {}

    def hook_backend(self, original: Any) -> Any:
        """moto: a job is born Completed, with a best training job that is made up. AWS: nothing is
        known yet."""

        def create_hyper_parameter_tuning_job(
            backend: SageMakerModelBackend, **members: Any
        ) -> str:
            with self._lock:
                arn: str = original(backend, **members)
            name = members["hyper_parameter_tuning_job_name"]
            record = backend.hyper_parameter_tuning_jobs[name]
            record.hyper_parameter_tuning_job_status = "InProgress"
            record.hyper_parameter_tuning_end_time = None
            record.best_training_job = record.OverallBestTrainingJob = None
            record.failure_reason = record.tuning_job_completion_details = None
            record.consumed_resources = None
            return arn

        return create_hyper_parameter_tuning_job

    def hook_create(self, original: Any) -> Any:
        """moto: the request only leaves a record. AWS: it is checked and runs."""

        def create_hyper_parameter_tuning_job(response: SageMakerResponse) -> ActionResult:
            request = json.loads(response.body)
            requests.check(request)
            result: ActionResult = original(response)
            name, backend = request["HyperParameterTuningJobName"], response.sagemaker_backend
            record = backend.hyper_parameter_tuning_jobs[name]
            job = TuningJob(self._runtime, request, record, backend)
            with self._lock:
                self._jobs[record.arn] = job
            job.start()
            return result

        return create_hyper_parameter_tuning_job

    def hook_stop(self) -> Any:
        """moto: has no StopHyperParameterTuningJob. AWS: Stopping, and so are its training jobs,
        then Stopped; an error once it is over."""

        def stop_hyper_parameter_tuning_job(response: SageMakerResponse) -> EmptyResult:
            job, status = self._find(response)
            if status not in ("InProgress", "Stopping"):
                raise ValidationError(
                    message="The request was rejected because the tuning job is in status "
                    f"{status}."
                )
            if status == "InProgress":
                job.stop()
            return EmptyResult()

        return stop_hyper_parameter_tuning_job

    def hook_list(self) -> Any:
        """moto: has no ListTrainingJobsForHyperParameterTuningJob."""

        def list_training_jobs_for_hyper_parameter_tuning_job(
            response: SageMakerResponse,
        ) -> ActionResult:
            job, _ = self._find(response)
            status = response._get_param("StatusEquals")
            found = [
                summary
                for summary in job.summaries()
                if status in (None, summary["TrainingJobStatus"])
            ]
            ordered = _ordered(
                found, response._get_param("SortBy"), response._get_param("SortOrder")
            )
            start = int(response._get_param("NextToken") or 0)
            end = start + int(response._get_param("MaxResults") or _DEFAULT_RESULTS)
            page: dict[str, Any] = {"TrainingJobSummaries": ordered[start:end]}
            if end < len(ordered):
                page["NextToken"] = str(end)
            return ActionResult(page)

        return list_training_jobs_for_hyper_parameter_tuning_job

    def _find(self, response: SageMakerResponse) -> tuple[TuningJob, str]:
        name = response._get_param("HyperParameterTuningJobName")
        described = response.sagemaker_backend.describe_hyper_parameter_tuning_job(name)
        job = self._jobs[described["HyperParameterTuningJobArn"]]
        return job, described["HyperParameterTuningJobStatus"]


def _ordered(
    found: list[dict[str, Any]], by: str | None, order: str | None
) -> list[dict[str, Any]]:
    """Sorted as asked; without a final value a training job is out of an order by values."""
    backwards = order == "Descending"
    if by == "FinalObjectiveMetricValue":
        metric = "FinalHyperParameterTuningJobObjectiveMetric"
        found = [job for job in found if metric in job]
        return sorted(found, key=lambda job: float(job[metric]["Value"]), reverse=backwards)
    return sorted(found, key=_SORTED_BY[by or "Name"], reverse=backwards)
