"""A task and a staged data set → the body of every request that releases a model of them."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow.releases import hosting, training_jobs
from sonoflow.releases.release import from_state

logger = Logger()


@logger.inject_lambda_context(correlation_id_path="run")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    release = from_state(event)
    task = release.task
    logger.info("release planned", extra={"release": release.name, "task": task.name})
    return {
        "task": task.name,
        "model": task.model,
        "release": release.name,
        "version": release.version,
        "training_job": training_jobs.request(release),
        "tuning_job": training_jobs.tuning_request(release),
        "evaluation": task.evaluation(release),
        "gate": task.gate(release.classes),
        "comparison": task.comparison_request(release),
        "model_package": hosting.model_package(release),
        "create_model": hosting.model(release),
        "endpoint_config": hosting.endpoint_config(release),
        "endpoint": hosting.endpoint(release),
        "endpoint_update": hosting.endpoint_update(release),
        "scaling": hosting.scaling(release),
        "probe": task.probe_request(release),
    }
