"""One batch of what a zip or manifest asks for → an answer to each image, and the batch's part."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, settings
from sonoflow.aws import uploads
from sonoflow.bulk import items
from sonoflow.bulk.answering import Answering, Round
from sonoflow.bulk.parts import Part
from sonoflow.inference import outcomes
from sonoflow.keys import Bulk

logger = Logger()
metrics = Metrics()

METRIC = {
    outcomes.PREDICTED: "Predictions",
    outcomes.REJECTED: "Rejections",
    outcomes.SKIPPED: "Skipped",
}


@logger.inject_lambda_context(correlation_id_path="run")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    upload, batch = uploads.from_state(event), items.from_state(event)
    run = payloads.field(event, "run", str)
    buckets = settings.read(settings.Buckets)
    milliseconds = settings.read(settings.BulkAnswering).predict_timeout * 1000
    key = Bulk(upload.key, upload.version_id).part(batch.number)
    part = Part.open(buckets.work_bucket, key, batch, run)
    answering = Answering(upload, batch, part, buckets, settings.read(settings.Predicting))
    done = answering.run(lambda: context.get_remaining_time_in_millis() >= milliseconds)
    count(done)
    answer = {
        "batch": batch.number,
        "left": done.left,
        "failed": done.failed,
        "waiting": done.waiting,
        "overtaken": done.overtaken,
    }
    logger.info("batch worked on", extra={**answer, "reason": done.reason})
    return answer


def count(done: Round) -> None:
    for kind, name in METRIC.items():
        times = sum(outcome.kind == kind for outcome in done.outcomes)
        metrics.add_metric(name, MetricUnit.Count, times)
    if done.failed:
        metrics.add_metric("PredictionFailures", MetricUnit.Count, done.failed)
    if done.waiting:
        metrics.add_metric("WaitingForModel", MetricUnit.Count, 1)
