"""A zip or manifest uploaded below inbox/ → one execution of answer_bulk, or a rejection."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import keys, settings
from sonoflow.aws import uploads
from sonoflow.bulk import planning

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.EVENT_BRIDGE)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    upload = uploads.from_event(event)
    buckets = settings.read(settings.Buckets)
    answer = planning.handle(upload, buckets, settings.read(settings.BulkPlanning))
    metrics.add_metric(f"Bulk{answer['status'].capitalize()}", MetricUnit.Count, 1)
    if answer["status"] == planning.REJECTED:
        metrics.add_metric("Rejections", MetricUnit.Count, 1)
    # Not the key: it may hold a patient's data.
    logger.info("bulk planned", extra={"object": keys.image_id(upload.key), **answer})
    return answer
