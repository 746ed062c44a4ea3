"""The answers to an external set → its report, beside the models' own figures."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import payloads, settings
from sonoflow.aws import uploads
from sonoflow.external import judging, places, serving
from sonoflow.external.places import Validation
from sonoflow.reports import external_matrix, external_report
from sonoflow.reports.page import Subject

logger = Logger()


@logger.inject_lambda_context(correlation_id_path="run")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    validation, models = Validation.parse(event), serving.parse(event)
    batches, run = payloads.field(event, "batches", int), payloads.field(event, "run", str)
    subject = Subject(run, validation.dataset, uploads.from_state(event))
    buckets = settings.read(settings.Buckets)
    facts = {**subject.facts(), **judging.judge(buckets.work_bucket, validation, models, batches)}
    masks = {one["id"]: validation.mask(one["id"]) for one in facts["worst_cases"]}
    uri = external_report.publish(facts, validation.index, masks, buckets)
    judging.keep(buckets.work_bucket, validation, external_report.published(facts))
    matrix = external_matrix.renew(places.FIGURES, buckets)
    answer = {"report_uri": uri, "matrix_uri": matrix, "summary": judging.summary(facts)}
    logger.info("external set judged", extra=answer)
    return answer
