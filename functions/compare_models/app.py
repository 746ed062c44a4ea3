"""A judged model and the one in service → whether the new one is worse on images new to both."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads
from sonoflow.comparing import comparison
from sonoflow.releases import tasks

ROUNDS = 4  # calls: an hour of asking, then what was answered has to do
logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(correlation_id_path="release")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    task = tasks.get(payloads.field(event, "task", str))
    number = payloads.field(event, "round", int)
    uris = [payloads.field(event, name, str) for name in comparison.URIS]
    found = task.compare(event, lambda: _seconds(context), number >= ROUNDS)
    if found is None:
        logger.info("asking goes on", extra={"round": number})
        return {"done": False, "round": number + 1}
    kept = comparison.keep(found, *uris)
    metrics.add_metric("ModelsCompared", MetricUnit.Count, 1)
    metrics.add_metric("ModelsWorse", MetricUnit.Count, int(not found.passed))
    logger.info("models compared", extra={"task": task.name, "outcome": found.outcome})
    return {"done": True, "round": 1, **kept}


def _seconds(context: LambdaContext) -> float:
    return context.get_remaining_time_in_millis() / 1000
