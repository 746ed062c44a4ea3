"""A verdict below feedback/ → a reply in the results bucket; accepted, it is kept for training."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import keys, settings
from sonoflow.aws import uploads
from sonoflow.feedback import recording

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.EVENT_BRIDGE)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    upload = uploads.from_event(event)
    status = recording.handle(upload, settings.read(settings.Buckets))
    metrics.add_metric(f"Feedback{status.capitalize()}", MetricUnit.Count, 1)
    # Not the key: it may hold a patient's data.
    answer = {"status": status, "object": keys.image_id(upload.key)}
    logger.info("verdict handled", extra=answer)
    return answer
