"""The model code and the published weights that this function carries → S3, named by content."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import settings
from sonoflow.errors import PayloadInvalid
from sonoflow.releases import code_archive, published_weights

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if event:
        raise PayloadInvalid(f"the function takes no input, it carries the code: {event!r}")
    bucket = settings.read(settings.Buckets).work_bucket
    wanted = settings.read(settings.Pretraining).pretrained
    uri, sha256 = code_archive.store(bucket)
    weights = published_weights.store(bucket) if wanted else {}
    answer = {"uri": uri, "sha256": sha256, "weights": weights}
    logger.info("model code packaged", extra=answer)
    return answer
