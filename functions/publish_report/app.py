"""A finished run → its report, as JSON and as a page, in the work and the results bucket."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, settings
from sonoflow.aws import uploads
from sonoflow.keys import Dataset
from sonoflow.reports import publishing
from sonoflow.reports.page import Subject

logger = Logger()


@logger.inject_lambda_context(correlation_id_path="run")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    run, releases = payloads.field(event, "run", str), payloads.field(event, "releases", list)
    subject = Subject(run, Dataset.parse(event), uploads.from_state(event))
    make, buckets = publishing.maker(event), settings.read(settings.Buckets)
    answer = {"report_uri": publishing.publish(make, subject, releases, buckets)}
    logger.info("report published", extra=answer)
    return answer
