"""The parts of a staged data set → its index, its quarantine and the manifests of its splits."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from sonoflow import keys, payloads, settings
from sonoflow.aws import objects, uploads
from sonoflow.errors import DatasetRefused
from sonoflow.images import parts
from sonoflow.keys import Dataset
from sonoflow.splits import freezing, manifests

logger = Logger()
metrics = Metrics()
tracer = Tracer()


@logger.inject_lambda_context(correlation_id_path="join('-', [dataset.name, dataset.version])")
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    dataset, upload = Dataset.parse(event), uploads.from_state(event)
    batches = payloads.field(event, "batches", int)
    splitting = settings.read(settings.Splitting)
    work = settings.read(settings.Buckets).work_bucket
    staged = parts.read(work, dataset, batches)
    # First of all: where it is refused, one wants to see what was set aside.
    objects.write_lines(work, dataset.quarantine, staged.quarantine)
    kept = (objects.find_json(work, dataset.kept_splits) or {}) if splitting.split_stable else {}
    try:
        frozen = freezing.freeze(staged, splitting, kept)
        objects.write_lines(work, dataset.index, frozen.entries)
        objects.write_lines(work, dataset.duplicates, frozen.duplicates())
        manifests.check_counts(frozen.entries, splitting.minimum_images_per_class)
    except DatasetRefused as error:
        metrics.add_metric("DatasetsRefused", MetricUnit.Count, 1)
        manifests.write_refusal(work, upload, error)
        raise
    entries = frozen.entries
    objects.write_json(work, dataset.folds, frozen.folds(splitting.split_folds))
    if splitting.split_stable:
        objects.write_json(work, dataset.kept_splits, frozen.kept(kept))
    by_split = {name: [e for e in entries if e["split"] == name] for name in keys.SPLITS}
    for name, chosen in by_split.items():
        body = manifests.manifest(work, dataset, chosen)
        objects.write(work, dataset.manifest(name), body, "application/json")
    metrics.add_metric("ImagesSplit", MetricUnit.Count, len(entries))
    answer = {
        "classes": list(manifests.count(entries)),
        "images": manifests.count(entries),
        "splits": {name: manifests.count(chosen) for name, chosen in by_split.items()},
        "quarantined": len(staged.quarantine),
        "manifests": {name: keys.uri(work, dataset.manifest(name)) for name in by_split},
    }
    logger.info("data set split", extra=answer)
    return answer
