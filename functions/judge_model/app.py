"""A training job's figures and a gate → whether the model may be deployed."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads
from sonoflow.releases import tasks

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(correlation_id_path="evaluation.evaluation_uri")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    task = tasks.get(payloads.field(event, "task", str))
    judged = task.judge(event)
    if judged.missing:
        logger.warning("the training job left no report", extra={"missing": list(judged.missing)})
    outcome = "ModelsRefused" if judged.reasons else "ModelsPassed"
    metrics.add_metric(outcome, MetricUnit.Count, 1)
    answer = {
        "passed": not judged.reasons,
        "reasons": judged.reasons,
        "metrics": judged.figures,
    }
    logger.info("model judged", extra={"task": task.name, **answer})
    return answer
