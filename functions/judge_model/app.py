"""A training job's figures and a gate → whether the model may be deployed."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads
from sonoflow.judging import evaluations, gates
from sonoflow.releases import tasks

logger = Logger()
metrics = Metrics()
tracer = Tracer()


@logger.inject_lambda_context(correlation_id_path="evaluation.evaluation_uri")
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    task = tasks.get(payloads.field(event, "task", str))
    gate = payloads.field(event, "gate", dict)
    figures = evaluations.reported(event) if task.is_built_in else _kept(event)
    reasons = gates.reasons_against(figures, gate)
    metrics.add_metric("ModelsRefused" if reasons else "ModelsPassed", MetricUnit.Count, 1)
    answer = {"passed": not reasons, "reasons": reasons, "metrics": figures}
    logger.info("model judged", extra={"task": task.name, **answer})
    return answer


def _kept(event: dict[str, Any]) -> dict[str, float | None]:
    kept = evaluations.kept(event)
    if kept.missing:
        logger.warning("the training job left no report", extra={"missing": kept.missing})
    return kept.figures
