"""SageMaker training: CreateTrainingJob starts a process, not a record that says Completed."""

from __future__ import annotations

import copy
import json
import threading
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ValidationError
from moto.sagemaker.models import FakeTrainingJob, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.runtime import patch
from local.runtime.runtime import Runtime
from local.sagemaker.training import requests
from local.sagemaker.training.job import TrainingJob

_RUNNING = ("InProgress", "Stopping")


def install(runtime: Runtime) -> None:
    jobs = Jobs(runtime)
    patch.replace(SageMakerModelBackend, "create_training_job", jobs.hook_backend)
    patch.replace(SageMakerResponse, "create_training_job", jobs.hook_create)
    SageMakerResponse.stop_training_job = jobs.hook_stop()


class Jobs:
    """The training jobs of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._jobs: dict[str, TrainingJob] = {}
        self._descriptions: dict[str, Any] = {}

    def running(self) -> int:
        """Instances of all jobs: processes that share this machine."""
        with self._lock:
            return sum(
                job.resource_config.get("InstanceCount", 1)
                for job in self._descriptions.values()
                if job.training_job_status in _RUNNING
            )

    def hook_backend(self, original: Any) -> Any:
        """moto: a job is born Completed, with a metric definition of its own and a made-up final
        metric, and a name can be used twice. AWS: names are unique, MetricDefinitions are the
        caller's or a built-in algorithm's, and nothing is known yet."""

        def create_training_job(backend: SageMakerModelBackend, **members: Any) -> FakeTrainingJob:
            name = members["training_job_name"]
            with self._lock:
                if name in backend.training_jobs:
                    raise ResourceInUseException(
                        message="Training job names must be unique within an AWS account and "
                        "region, and a training job with this name already exists "
                        f"({backend.training_jobs[name].arn})"
                    )
                specification = copy.deepcopy(members["algorithm_specification"])
                job = original(backend, **members)
            job.algorithm_specification = requests.described(specification)
            job.training_job_status = "InProgress"
            job.secondary_status_transitions = []
            job.final_metric_data_list = None
            job.model_artifacts = None
            job.training_start_time = job.training_end_time = None
            return job

        return create_training_job

    def hook_create(self, original: Any) -> Any:
        """moto: the request only leaves a record. AWS: it is checked and runs."""

        def create_training_job(response: SageMakerResponse) -> ActionResult:
            request = json.loads(response.body)
            requests.check(request)
            result: ActionResult = original(response)
            name = request["TrainingJobName"]
            description = response.sagemaker_backend.training_jobs[name]
            description.environment = request.get("Environment")
            job = TrainingJob(self._runtime, request, description, self.running)
            with self._lock:
                self._jobs[name] = job
                self._descriptions[name] = description
            job.start()
            return result

        return create_training_job

    def hook_stop(self) -> Any:
        """moto: has no StopTrainingJob. AWS: Stopping, then Stopped; an error once it is over."""

        def stop_training_job(response: SageMakerResponse) -> EmptyResult:
            name = response._get_param("TrainingJobName")
            description = response.sagemaker_backend.describe_training_job(name)
            status = description["TrainingJobStatus"]
            if status not in _RUNNING:
                raise ValidationError(
                    message=f"The request was rejected because the training job is in status "
                    f"{status}."
                )
            if status == "InProgress":
                self._jobs[name].stop()
            return EmptyResult()

        return stop_training_job
