"""What has become of a zip or manifest → its summary."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, settings
from sonoflow.aws import uploads
from sonoflow.bulk import summaries
from sonoflow.inference.answers import Overtaken

logger = Logger()


@logger.inject_lambda_context(correlation_id_path="run")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    upload, run = uploads.from_state(event), payloads.field(event, "run", str)
    buckets = settings.read(settings.Buckets)
    try:
        written = summaries.write(upload, run, buckets.work_bucket, buckets.results_bucket)
    except Overtaken as error:
        logger.info(f"nothing to summarise: {error}")
        return {"counts": None, "key": None}
    logger.info("summary written", extra={"counts": written["counts"]})
    return written
