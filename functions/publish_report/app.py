"""A finished run → its report, as JSON and as a page, in the work and the results bucket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import keys, payloads, settings
from sonoflow.aws import objects, uploads
from sonoflow.errors import PayloadInvalid
from sonoflow.judging import evaluations
from sonoflow.keys import Dataset
from sonoflow.reports import image_report, models, table_report
from sonoflow.reports.models import Judged
from sonoflow.reports.page import Copies, Report, Subject

logger = Logger()
tracer = Tracer()

MAKERS: dict[str, Callable[[str, Subject, Sequence[Judged]], Copies]] = {
    image_report.IMAGES: image_report.make,
    table_report.TABLE: table_report.make,
}


@logger.inject_lambda_context(correlation_id_path="run")
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    run, releases = payloads.field(event, "run", str), payloads.field(event, "releases", list)
    subject = Subject(run, Dataset.parse(event), uploads.from_state(event))
    # A run that began before there were tables does not say what it is.
    kind = payloads.field({"kind": image_report.IMAGES, **event}, "kind", str)
    if kind not in MAKERS:
        raise PayloadInvalid(f"'kind' must be one of {sorted(MAKERS)}, not {kind!r}")
    buckets = settings.read(settings.Buckets)
    work, results = buckets.work_bucket, buckets.results_bucket
    judged = [_judged(release, subject.dataset, results) for release in releases]
    copies = MAKERS[kind](work, subject, judged)
    for suffix in ("json", "html"):
        _write(work, subject.dataset.report(suffix), copies.internal, suffix)
        _write(results, subject.dataset.published(f"report.{suffix}"), copies.published, suffix)
    answer = {"report_uri": keys.uri(results, subject.dataset.published("report.html"))}
    logger.info("report published", extra=answer)
    return answer


def _judged(release: Any, dataset: Dataset, results: str) -> Judged:
    """A release with its evaluation. That and the model's own report are published beside the
    report on the data set."""
    model = payloads.field(release, "model", str)
    bucket, key = keys.parse_uri(payloads.field(release, "evaluation_uri", str))
    evaluation = objects.read_json(bucket, key)
    objects.write_json(results, dataset.published(f"{model}.evaluation.json"), evaluation)
    left = {name: objects.find(bucket, keys.beside(key, name)) for name in evaluations.DOCUMENTS}
    documents = {name: content for name, content in left.items() if content is not None}
    for name, content in documents.items():
        place = dataset.published(f"{model}/{name}")
        objects.write(results, place, content, evaluations.DOCUMENTS[name])
    return {**release, **models.training(documents)}, evaluation


def _write(bucket: str, key: str, report: Report, suffix: str) -> None:
    if suffix == "json":
        objects.write(bucket, key, report.facts, "application/json")
    else:
        objects.write(bucket, key, report.page, "text/html; charset=utf-8")
