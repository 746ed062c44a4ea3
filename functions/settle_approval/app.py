"""What the model registry says of a package → the release that waits for it goes on, or ends."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import settings
from sonoflow.releases import approvals

logger = Logger()


@logger.inject_lambda_context(correlation_id_path="id")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    table = settings.read(settings.Approving).locks_table_name
    answer = approvals.settle(event, table)
    logger.info("approval settled", extra=answer)
    return answer
