"""An external set that was uploaded → one execution of validate_external."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import settings
from sonoflow.aws import uploads
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused
from sonoflow.planning import plans, refusals, validations

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.EVENT_BRIDGE)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    upload = uploads.from_event(event)
    validating = settings.read(settings.Validating)
    work = settings.read(settings.Buckets).work_bucket
    if reason := plans.reason_to_ignore(upload):
        return _ignored(upload, reason)
    try:
        mapping = validations.mapping_of(upload)
        if mapping is None:
            return _ignored(upload, "no external set")
        planned = validations.plan(upload, mapping, validating, work)
        answer = planned.start(upload, validating.validate_external_state_machine_arn)
    except DatasetRefused as error:
        refusal = refusals.write(work, upload, error)
        refusals.notify(validating.notifications_topic_arn, upload, error, refusal)
        answer = {"status": "refused", "reason": error.reason, "refusal": refusal}
    metrics.add_metric(f"ExternalSets{answer['status'].capitalize()}", MetricUnit.Count, 1)
    logger.info("external set planned", extra=answer)
    return answer


def _ignored(upload: Upload, reason: str) -> dict[str, Any]:
    logger.info(f"upload ignored: {reason}", extra={"upload": upload.facts()})
    return {"status": "ignored", "upload": upload.facts()}
