"""An endpoint that was just deployed → proof that it answers as agreed, or ProbeFailed."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, probes

logger = Logger()
metrics = Metrics()
tracer = Tracer()


@logger.inject_lambda_context(correlation_id_path="endpoint_name")
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    took = probes.probe(
        task=payloads.field(event, "task", str),
        endpoint=payloads.field(event, "endpoint_name", str),
        manifest_uri=payloads.field(event, "manifest_uri", str),
        classes=payloads.texts(event, "classes"),
    )
    for milliseconds in took:
        metrics.add_metric("ProbeLatency", MetricUnit.Milliseconds, milliseconds)
    answer = {"passed": True, "probes": len(took), "milliseconds": probes.median(took)}
    logger.info("endpoint probed", extra=answer)
    return answer
