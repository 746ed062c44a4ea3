"""Publishing the report on a finished run, and what its models left, in both buckets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sonoflow import keys, payloads
from sonoflow.aws import objects
from sonoflow.errors import PayloadInvalid
from sonoflow.keys import Dataset
from sonoflow.reports import image_report, models, table_report
from sonoflow.reports.models import Judged
from sonoflow.reports.page import Copies, Report, Subject
from sonoflow.settings import Buckets
from sonoflow.training_documents import DOCUMENTS

Maker = Callable[[str, Subject, Sequence[Judged]], Copies]
MAKERS: dict[str, Maker] = {
    image_report.IMAGES: image_report.make,
    table_report.TABLE: table_report.make,
}


def maker(payload: Mapping[str, Any]) -> Maker:
    """What makes the report on the payload's `kind` of data set. Raises PayloadInvalid."""
    # A run that began before there were tables does not say what it is.
    kind = payloads.field({"kind": image_report.IMAGES, **payload}, "kind", str)
    if kind not in MAKERS:
        raise PayloadInvalid(f"'kind' must be one of {sorted(MAKERS)}, not {kind!r}")
    return MAKERS[kind]


def publish(make: Maker, subject: Subject, releases: Sequence[Any], buckets: Buckets) -> str:
    """Leaves both copies of the report, and beside the public one what is known of each model.

    Gives the URI of the page. Raises PayloadInvalid for a release that does not say what it is.
    """
    dataset, results = subject.dataset, buckets.results_bucket
    judged = [_judged(release, dataset, results) for release in releases]
    copies = make(buckets.work_bucket, subject, judged)
    for suffix in ("json", "html"):
        _write(buckets.work_bucket, dataset.report(suffix), copies.internal, suffix)
        _write(results, dataset.published(f"report.{suffix}"), copies.published, suffix)
    return keys.uri(results, dataset.published("report.html"))


def _judged(release: Any, dataset: Dataset, results: str) -> Judged:
    """A release with its evaluation. That and the model's own report are published beside the
    report on the data set."""
    model = payloads.field(release, "model", str)
    bucket, key = keys.parse_uri(payloads.field(release, "evaluation_uri", str))
    evaluation = objects.read_json(bucket, key)
    objects.write_json(results, dataset.published(f"{model}.evaluation.json"), evaluation)
    left = {name: objects.find(bucket, keys.beside(key, name)) for name in DOCUMENTS}
    documents = {name: content for name, content in left.items() if content is not None}
    for name, content in documents.items():
        objects.write(results, dataset.published(f"{model}/{name}"), content, DOCUMENTS[name])
    return {**release, **models.training(documents)}, evaluation


def _write(bucket: str, key: str, report: Report, suffix: str) -> None:
    if suffix == "json":
        objects.write(bucket, key, report.facts, "application/json")
    else:
        objects.write(bucket, key, report.page, "text/html; charset=utf-8")
