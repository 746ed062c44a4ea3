"""The model code that this function carries → an archive in S3, named by its content."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import settings
from sonoflow.errors import PayloadInvalid
from sonoflow.releases import code_archive

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if event:
        raise PayloadInvalid(f"the function takes no input, it carries the code: {event!r}")
    uri, sha256 = code_archive.store(settings.read(settings.Buckets).work_bucket)
    answer = {"uri": uri, "sha256": sha256}
    logger.info("model code packaged", extra=answer)
    return answer
