"""One batch of an archive's members → staged images and masks, and the batch's part file."""

from __future__ import annotations

import functools
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import settings
from sonoflow.aws import objects, uploads
from sonoflow.aws.ranged import RemoteObject
from sonoflow.images import batches, parts, staging
from sonoflow.keys import Dataset

logger = Logger()
metrics = Metrics()
tracer = Tracer()


@logger.inject_lambda_context(correlation_id_path="join('-', [dataset.name, dataset.version])")
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    dataset, upload = Dataset.parse(event), uploads.from_state(event)
    batch = batches.from_state(event)
    work = settings.read(settings.Buckets).work_bucket
    options = settings.read(settings.Staging)
    key, digest = dataset.part(batch.number), batches.digest(batch.images)
    if part := parts.find(work, key, digest):
        answer = _answer(batch.number, len(part["images"]), len(part["quarantine"]))
        logger.info("batch was staged before", extra=answer)
        return answer
    source = RemoteObject(upload, options.stage_read_attempts)
    put = functools.partial(_put, work, dataset.prefix)
    entries, quarantine = staging.stage(source, batch.images, put, options.stage_uploads_at_once)
    parts.write(work, key, entries, quarantine, digest)
    metrics.add_metric("ImagesStaged", MetricUnit.Count, len(entries))
    metrics.add_metric("ImagesQuarantined", MetricUnit.Count, len(quarantine))
    answer = _answer(batch.number, len(entries), len(quarantine))
    logger.info("batch staged", extra=answer)
    return answer


def _answer(number: int, staged: int, quarantined: int) -> dict[str, Any]:
    return {"batch": number, "staged": staged, "quarantined": quarantined}


def _put(bucket: str, prefix: str, key: str, png: bytes) -> None:
    objects.write(bucket, prefix + key, png, "image/png")
