"""A staged external set → which of its images no model in service knows, in batches."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, settings
from sonoflow.aws import uploads
from sonoflow.errors import DatasetRefused
from sonoflow.external import checking, serving
from sonoflow.external.places import Validation
from sonoflow.planning import refusals

logger = Logger()


@logger.inject_lambda_context(correlation_id_path="run")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    validation, upload = Validation.parse(event), uploads.from_state(event)
    models, batches = serving.parse(event), payloads.field(event, "batches", int)
    work = settings.read(settings.Buckets).work_bucket
    try:
        found = checking.check(work, validation, batches, models)
    except DatasetRefused as error:
        refusals.write(work, upload, error)
        raise
    answer = {**found, "plan": {"bucket": work, "key": validation.batches}}
    logger.info("external set checked", extra=answer)
    return answer
