"""An upload below datasets/ → a plan of batches and one execution of train_images."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import (
    archive,
    batches,
    datasets,
    executions,
    keys,
    notifications,
    objects,
    settings,
    uploads,
)
from sonoflow.errors import DatasetRefused
from sonoflow.remotefile import RemoteObject

logger = Logger()
metrics = Metrics()
tracer = Tracer()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.EVENT_BRIDGE)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    upload = uploads.from_event(event)
    planning = settings.read(settings.Planning)
    work = settings.read(settings.Buckets).work_bucket
    if upload.key.endswith("/") or not uploads.exists(upload):
        logger.info("upload ignored: a folder, or gone", extra={"upload": upload.facts()})
        return {"status": "ignored", "upload": upload.facts()}
    try:
        answer = _plan(upload, planning, work)
    except DatasetRefused as error:
        refusal = datasets.write_refusal(work, upload, error)
        notifications.dataset_refused(planning.notifications_topic_arn, upload, error, refusal)
        answer = {"status": "refused", "reason": error.reason, "refusal": refusal}
    metrics.add_metric(f"Datasets{answer['status'].capitalize()}", MetricUnit.Count, 1)
    logger.info("upload planned", extra=answer)
    return answer


def _plan(upload: uploads.Upload, planning: settings.Planning, work: str) -> dict[str, Any]:
    """Raises DatasetRefused."""
    source = RemoteObject(upload)
    index = archive.open_upload(upload, source)
    plan = archive.plan(index, source)
    dataset = keys.Dataset(keys.dataset_name(upload.key), archive.version(index))
    limits = batches.Limits(planning.stage_batch_images, planning.stage_batch_bytes)
    document, count = batches.document(batches.cut(plan.images, limits))
    objects.write(work, dataset.plan, document, "application/json")
    datasets.write_part(work, dataset.plan_part, [], plan.quarantine)
    payload = {
        "dataset": {"name": dataset.name, "version": dataset.version},
        "upload": upload.facts(),
        "plan": {"bucket": work, "key": dataset.plan, "batches": count},
    }
    started = executions.start_once(planning.train_images_state_machine_arn, dataset.run, payload)
    return {"status": "started" if started else "known", "run": started or dataset.run, **payload}
