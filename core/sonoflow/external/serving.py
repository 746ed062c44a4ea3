"""The models in service: which release each endpoint serves, and what that was trained on.

An endpoint configuration is called as its release is, `<endpoint>-<version>`, and the evaluation of
a release lies under its name. The data set's version stands in the evaluation; its name is found by
what is staged. So nothing of a model is taken for granted that its own documents do not say.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import keys, payloads
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.errors import DatasetRefused, PayloadInvalid
from sonoflow.external.places import DIGITS
from sonoflow.inference.deliveries import lacks_model
from sonoflow.keys import Dataset
from sonoflow.settings import Validating

CLASSIFICATION, SEGMENTATION = "classification", "segmentation"
_SERVES = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})
_AGAIN = "Drop it again when that is done"


@dataclasses.dataclass(frozen=True)
class InService:
    """A model in service."""

    task: str
    endpoint: str
    version: str  # of the release
    dataset: Dataset  # that it was trained on

    @property
    def release(self) -> str:
        return f"{self.endpoint}-{self.version}"

    def document(self) -> dict[str, Any]:
        """As a state's input has it."""
        return dataclasses.asdict(self)


def parse(payload: Mapping[str, Any]) -> list[InService]:
    """The `models` of a state's input. Raises PayloadInvalid."""
    documents = payloads.field(payload, "models", list)
    models = [_parse(document) for document in documents]
    if not models or len({model.task for model in models}) < len(models):
        raise PayloadInvalid(f"'models' must be one per task, not {documents!r}")
    return models


def _parse(document: Any) -> InService:
    task = payloads.field(document, "task", str)
    if task not in (CLASSIFICATION, SEGMENTATION):
        raise PayloadInvalid(f"no task whose models answer images: {task!r}")
    endpoint = payloads.field(document, "endpoint", str)
    version = payloads.field(document, "version", str)
    if not re.fullmatch(r"[A-Za-z0-9-]+", f"{endpoint}{version}"):
        raise PayloadInvalid(f"no endpoint and version: {endpoint!r}, {version!r}")
    return InService(task, endpoint, version, Dataset.parse(document))


def digest(models: Sequence[InService]) -> str:
    return digest_of([model.release for model in models])


def digest_of(releases: Sequence[str]) -> str:
    text = "\n".join(sorted(releases))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def find(settings: Validating, work: str) -> list[InService]:
    """Raises DatasetRefused (no-model, model-changes, model-unknown)."""
    endpoints = {
        CLASSIFICATION: settings.classifier_endpoint_name,
        SEGMENTATION: settings.segmenter_endpoint_name,
    }
    found = [(task, name, _release(name)) for task, name in endpoints.items()]
    models = [_known(task, name, release, work) for task, name, release in found if release]
    if not models:
        detail = "no model is in service that could judge this set: upload a data set below "
        detail += f"{keys.DATASETS}, and drop this again when its models are ready"
        raise DatasetRefused("no-model", detail)
    return models


def _release(endpoint: str) -> str | None:
    """What the endpoint serves; None where there is none, or it does not serve yet."""
    try:
        described = client("sagemaker").describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if lacks_model(error):
            return None
        raise
    if described["EndpointStatus"] not in _SERVES:
        return None
    if "PendingDeploymentSummary" in described:
        raise DatasetRefused("model-changes", f"{endpoint} is taking another model. {_AGAIN}")
    release: str = described["EndpointConfigName"]
    return release


def _known(task: str, endpoint: str, release: str, work: str) -> InService:
    version = release.removeprefix(f"{endpoint}-")
    evaluation = objects.find_json(work, keys.evaluation(release))
    if version == release or evaluation is None:
        detail = f"{endpoint} serves {release}, which is no release of this stack: nobody knows "
        detail += "what it was trained on, and so not what is external to it"
        raise DatasetRefused("model-unknown", detail)
    trained: str = evaluation["dataset_version"]
    for name in _names(work):
        dataset = Dataset(name, trained)
        if objects.exists(work, dataset.index):
            return InService(task, endpoint, version, dataset)
    detail = f"{release} was trained on the data set version {trained}, of which no index is left "
    detail += "in the work bucket: what this set shares with it cannot be told"
    raise DatasetRefused("model-unknown", detail)


def _names(work: str) -> list[str]:
    """Of the data sets that are staged."""
    pages = client("s3").get_paginator("list_objects_v2")
    return [
        folder["Prefix"].removeprefix(keys.DATASETS).rstrip("/")
        for page in pages.paginate(Bucket=work, Prefix=keys.DATASETS, Delimiter="/")
        for folder in page.get("CommonPrefixes", [])
    ]
