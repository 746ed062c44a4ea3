"""Accepted verdicts → `datasets/<name>+feedback.zip`, the next version of a data set of images.

Invoked by a schedule, or by hand with {"dataset": "busi"}; {"minimum": 1} asks for fewer verdicts
than the stack does.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, settings
from sonoflow.errors import PayloadInvalid
from sonoflow.feedback import collecting

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    name = payloads.field(event, "dataset", str)
    feedback = settings.read(settings.Feedback)
    minimum = feedback.feedback_minimum
    if "minimum" in event:
        minimum = payloads.field(event, "minimum", int)
    if minimum < 1:
        raise PayloadInvalid(f"'minimum' must be 1 or more, not {minimum}")
    buckets = settings.read(settings.Buckets)
    places = collecting.Places(feedback.uploads_bucket, buckets.work_bucket, buckets.results_bucket)
    answer = collecting.collect(name, places, minimum)
    metrics.add_metric("ImagesJudged", MetricUnit.Count, answer["judged"])
    logger.info("feedback collected", extra=answer)
    return answer
