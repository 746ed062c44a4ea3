"""An uploaded table → its rows, split, in shards that models read; statistics, quarantine."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, settings
from sonoflow.aws import uploads
from sonoflow.aws.ranged import RemoteObject
from sonoflow.errors import DatasetRefused
from sonoflow.keys import Dataset
from sonoflow.planning import refusals
from sonoflow.tables import mapping, staging

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(correlation_id_path="join('-', [dataset.name, dataset.version])")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    dataset, upload = Dataset.parse(event), uploads.from_state(event)
    given = payloads.field(event, "mapping", dict)
    options = settings.read(settings.TableStaging)
    work = settings.read(settings.Buckets).work_bucket
    source = RemoteObject(upload, options.stage_read_attempts)
    try:
        checked = mapping.parse(given)
        job = staging.Job(source, dataset, checked, options, work)
        answer = staging.stage(job)
    except DatasetRefused as error:
        metrics.add_metric("DatasetsRefused", MetricUnit.Count, 1)
        refusals.write(work, upload, error)
        raise
    metrics.add_metric("RowsStaged", MetricUnit.Count, sum(answer["rows"].values()))
    metrics.add_metric("RowsQuarantined", MetricUnit.Count, answer["quarantined"])
    logger.info("table staged", extra=answer)
    return answer
