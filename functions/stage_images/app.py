"""One batch of an archive's members → staged images and masks, and the batch's part file."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import settings
from sonoflow.aws import uploads
from sonoflow.aws.ranged import RemoteObject
from sonoflow.images import batches, staging
from sonoflow.keys import Dataset

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(correlation_id_path="join('-', [dataset.name, dataset.version])")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    dataset, upload = Dataset.parse(event), uploads.from_state(event)
    batch = batches.from_state(event)
    work = settings.read(settings.Buckets).work_bucket
    options = settings.read(settings.Staging)
    source = RemoteObject(upload, options.stage_read_attempts)
    done = staging.stage_batch(source, batch, dataset, work, options.stage_uploads_at_once)
    if not done.before:
        metrics.add_metric("ImagesStaged", MetricUnit.Count, done.staged)
        metrics.add_metric("ImagesQuarantined", MetricUnit.Count, done.quarantined)
    answer = {"batch": batch.number, "staged": done.staged, "quarantined": done.quarantined}
    logger.info("batch was staged before" if done.before else "batch staged", extra=answer)
    return answer
