"""What is to be run on an upload below datasets/: a plan for images, or one for a table."""

from __future__ import annotations

import dataclasses
from pathlib import PurePosixPath
from typing import Any

from sonoflow import keys, settings, sidecar
from sonoflow.archives.directory import Index
from sonoflow.assumptions import Assumption
from sonoflow.aws import objects, streams, uploads
from sonoflow.aws.ranged import RemoteObject, Source
from sonoflow.aws.uploads import Upload
from sonoflow.errors import ConfigurationError, DatasetRefused
from sonoflow.images import batches, contents, parts
from sonoflow.images import mapping as image_mapping
from sonoflow.keys import Dataset
from sonoflow.planning import executions
from sonoflow.releases import tasks
from sonoflow.tables import mapping as table_mapping

TABLE_SUFFIXES = (".csv", ".data")
_SPREADSHEETS = (".xlsx", ".xls", ".ods")
# Staging reads a table in the fifteen minutes that a function has, ten minutes' work here.
TABLE_BYTES_LIMIT = 11 * 1000**3


@dataclasses.dataclass(frozen=True)
class Plan:
    dataset: Dataset
    state_machine_arn: str
    details: dict[str, Any]  # of an execution's input, beside data set and upload
    assumptions: tuple[Assumption, ...] = ()

    def start(self, upload: Upload) -> dict[str, Any]:
        """Starts the execution, once; gives what became of it."""
        payload = {
            "dataset": {"name": self.dataset.name, "version": self.dataset.version},
            "upload": upload.facts(),
            **self.details,
        }
        run = self.dataset.run
        started = executions.start_once(self.state_machine_arn, run, payload)
        answer = {"status": "started" if started else "known", "run": started or run, **payload}
        if self.assumptions:
            answer["assumptions"] = [assumption.document() for assumption in self.assumptions]
        return answer


def reason_to_ignore(upload: Upload) -> str | None:
    """Why there is nothing to plan, and nothing to refuse either."""
    if upload.key.endswith("/"):
        return "a folder"
    if sidecar.is_mapping(upload.key):
        return "a mapping, read when its data set arrives"
    return None if uploads.exists(upload) else "gone"


def plan(upload: Upload, planning: settings.Planning, work: str) -> Plan | None:
    """None of an external set, which another function plans (planning/validations.py). Of images,
    the staging plan is left in the bucket `work`. Raises DatasetRefused."""
    try:
        return _plan(upload, planning, work)
    except ConfigurationError as error:
        # Found before anything is staged or paid for: a release would fail by it hours later.
        detail = f"{error}. Deploy the stack with other parameters, then upload this again"
        raise DatasetRefused("parameters", detail) from error


def is_table(key: str) -> bool:
    return PurePosixPath(key).suffix.lower() in TABLE_SUFFIXES


def _plan(upload: Upload, planning: settings.Planning, work: str) -> Plan | None:
    if is_table(upload.key):
        tasks.check(tasks.OF_TABLES)
        settings.read(settings.TableStaging)
        dataset, mapping = of_table(upload)
        return Plan(dataset, planning.train_table_state_machine_arn, {"mapping": mapping})
    mapping = image_mapping.KEYS.find(upload)
    if image_mapping.is_external(mapping):
        return None
    tasks.check(tasks.OF_IMAGES)
    images = of_images(upload, settings.read(settings.Batching), work, mapping)
    dataset = images.dataset
    details: dict[str, Any] = {
        "plan": {"bucket": work, "key": dataset.plan, "batches": images.batches}
    }
    if images.continues is not None:
        details["continues"] = dataclasses.asdict(images.continues)
    return Plan(dataset, planning.train_images_state_machine_arn, details, images.assumptions)


def of_table(upload: Upload) -> tuple[Dataset, sidecar.Document]:
    """The data set that a table becomes, and its mapping. Raises DatasetRefused."""
    if upload.size == 0:
        raise DatasetRefused("empty-table", "the file holds no bytes")
    if upload.size > TABLE_BYTES_LIMIT:
        detail = f"{upload.size} bytes, the limit is {TABLE_BYTES_LIMIT}"
        raise DatasetRefused("too-large", detail)
    mapping = table_mapping.KEYS.find(upload)
    version = keys.table_version(streams.chunks(RemoteObject(upload)), mapping)
    return Dataset(keys.dataset_name(upload.key), version), mapping


@dataclasses.dataclass(frozen=True)
class Images:
    """The data set that an archive becomes."""

    dataset: Dataset
    batches: int
    assumptions: tuple[Assumption, ...]
    continues: Dataset | None  # the version whose splits it keeps


def of_images(
    upload: Upload, batching: settings.Batching, work: str, mapping: sidecar.Document
) -> Images:
    """Leaves the plan and what it sets aside in the bucket `work`. `mapping` is what is said of the
    upload, as sidecar.Keys gives it. Raises DatasetRefused."""
    source = RemoteObject(upload)
    index = open_upload(upload, source)
    found = contents.read(index, source, mapping)
    dataset = Dataset(keys.dataset_name(upload.key), contents.version(index, mapping))
    limits = batches.Limits(batching.stage_batch_images, batching.stage_batch_bytes)
    document, count = batches.plan_document(batches.cut(found.images, limits, found.reading))
    objects.write(work, dataset.plan, document, "application/json")
    parts.write(
        work,
        dataset.plan_part,
        [],
        found.quarantine,
        assumptions=found.assumptions,
        splits=mapping.get("splits", ""),
        tables=found.tables,
    )
    return Images(dataset, count, found.assumptions, image_mapping.continued(mapping))


def open_upload(upload: Upload, source: Source) -> Index:
    """The index of an archive as it was uploaded. Raises DatasetRefused if it is none."""
    if PurePosixPath(upload.key).suffix.lower() != ".zip":
        detail = "a data set is uploaded as datasets/<name>.zip, a table as .csv or .data"
        if PurePosixPath(upload.key).suffix.lower() in _SPREADSHEETS:
            detail += "; save the spreadsheet as CSV"
        raise DatasetRefused("unsupported-extension", detail)
    if upload.size == 0:
        raise DatasetRefused("empty", "the file holds no bytes")
    return contents.open_archive(source)
