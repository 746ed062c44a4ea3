"""A finished run → its report, as JSON and as a page, in the work and the results bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import keys, objects, payloads, reports, settings, uploads
from sonoflow.keys import Dataset

logger = Logger()
tracer = Tracer()


@logger.inject_lambda_context(correlation_id_path="run")
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    run, releases = payloads.field(event, "run", str), payloads.field(event, "releases", list)
    dataset, upload = Dataset.parse(event), uploads.from_state(event)
    buckets = settings.read(settings.Buckets)
    work, results = buckets.work_bucket, buckets.results_bucket
    entries = list(objects.read_lines(work, dataset.index))
    quarantine = list(objects.read_lines(work, dataset.quarantine))
    judged = []
    for release in releases:
        uri = payloads.field(release, "evaluation_uri", str)
        evaluation = objects.read_json(*keys.parse_uri(uri))
        name = f"{payloads.field(release, 'model', str)}.evaluation.json"
        objects.write_json(results, dataset.published(name), evaluation)
        judged.append((release, evaluation))
    report = reports.compose(run, dataset, upload, entries, quarantine, judged)
    page = reports.render(report, [_sample(work, dataset, e) for e in reports.choose(entries)])
    text = json.dumps(report, ensure_ascii=False, indent=1).encode()
    for suffix, body, kind in (
        ("json", text, "application/json"),
        ("html", page.encode(), "text/html; charset=utf-8"),
    ):
        objects.write(work, dataset.report(suffix), body, kind)
        objects.write(results, dataset.published(f"report.{suffix}"), body, kind)
    answer = {"report_uri": keys.uri(results, dataset.published("report.html"))}
    logger.info("report published", extra=answer)
    return answer


def _sample(work: str, dataset: Dataset, entry: Mapping[str, Any]) -> reports.Sample:
    mask = objects.read(work, dataset.prefix + entry["mask"]) if entry["mask"] else None
    return reports.sample(entry, objects.read(work, dataset.prefix + entry["image"]), mask)
