"""The model code that this function carries → an archive in S3, named by its content."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import code_archive, keys, objects, settings
from sonoflow.errors import PayloadInvalid

logger = Logger()
tracer = Tracer()


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if event:
        raise PayloadInvalid(f"the function takes no input, it carries the code: {event!r}")
    work = settings.read(settings.Buckets).work_bucket
    data, sha256 = code_archive.build()
    key = keys.code_archive(sha256)
    objects.write(work, key, data, "application/gzip")
    answer = {"uri": keys.uri(work, key), "sha256": sha256}
    logger.info("model code packaged", extra=answer)
    return answer
