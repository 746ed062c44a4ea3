"""An endpoint that was just deployed → proof that it answers as agreed, or ProbeFailed."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads
from sonoflow.releases import tasks

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(correlation_id_path="endpoint_name")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    probed = tasks.get(payloads.field(event, "task", str)).probe(event)
    for milliseconds in probed.milliseconds:
        metrics.add_metric("ProbeLatency", MetricUnit.Milliseconds, milliseconds)
    answer = {
        "passed": True,
        "probes": probed.probes,
        "milliseconds": probed.median,
        "scaling_target": probed.scaling_target,
        "metrics": probed.metrics,
        "comparison": probed.comparison,
    }
    logger.info("endpoint probed", extra=answer)
    return answer
