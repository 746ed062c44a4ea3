"""The parts of a staged data set → its index, its quarantine and the manifests of its splits."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, settings
from sonoflow.aws import uploads
from sonoflow.errors import DatasetRefused
from sonoflow.keys import Dataset
from sonoflow.planning import refusals
from sonoflow.splits import continuing, splitting

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(correlation_id_path="join('-', [dataset.name, dataset.version])")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    dataset, upload = Dataset.parse(event), uploads.from_state(event)
    batches = payloads.field(event, "batches", int)
    options = settings.read(settings.Splitting)
    work = settings.read(settings.Buckets).work_bucket
    try:
        answer = splitting.split(work, dataset, batches, options, continuing.of_input(event))
    except DatasetRefused as error:
        metrics.add_metric("DatasetsRefused", MetricUnit.Count, 1)
        refusals.write(work, upload, error)
        raise
    metrics.add_metric("ImagesSplit", MetricUnit.Count, sum(answer["images"].values()))
    logger.info("data set split", extra=answer)
    return answer
