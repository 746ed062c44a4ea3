"""One batch of an external set → what the models in service say of it, held against the truth."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import settings
from sonoflow.external import answering, serving
from sonoflow.external.places import Validation

logger = Logger()


@logger.inject_lambda_context(correlation_id_path="run")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    validation, models = Validation.parse(event), serving.parse(event)
    work = settings.read(settings.Buckets).work_bucket
    answer = {"answered": answering.answer(work, validation, models, event)}
    logger.info("batch answered", extra=answer)
    return answer
