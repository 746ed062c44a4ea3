"""What is to be run on an external set: a plan of its images, and the models in service that judge
it.

Such a set lies below external/, or below datasets/ with the role `external` in its mapping; the
latter is heard of by PlanDataset too, which leaves it alone.
"""

from __future__ import annotations

import dataclasses
from pathlib import PurePosixPath
from typing import Any

from sonoflow import keys, settings, sidecar
from sonoflow.assumptions import Assumption
from sonoflow.aws.uploads import Upload
from sonoflow.errors import ConfigurationError, DatasetRefused
from sonoflow.external import serving
from sonoflow.external.places import Validation
from sonoflow.external.serving import InService
from sonoflow.images import mapping as image_mapping
from sonoflow.planning import executions, plans


@dataclasses.dataclass(frozen=True)
class Plan:
    validation: Validation
    models: list[InService]
    details: dict[str, Any]  # of an execution's input
    assumptions: tuple[Assumption, ...]

    def start(self, upload: Upload, machine: str) -> dict[str, Any]:
        """Starts the execution, once for this content and these models; gives what became of it."""
        payload = {
            "dataset": dataclasses.asdict(self.validation.dataset),
            "upload": upload.facts(),
            "models_digest": self.validation.models,
            "models": [model.document() for model in self.models],
            **self.details,
        }
        run = self.validation.run
        started = executions.start_once(machine, run, payload)
        answer = {"status": "started" if started else "known", "run": started or run, **payload}
        if self.assumptions:
            answer["assumptions"] = [assumption.document() for assumption in self.assumptions]
        return answer


def mapping_of(upload: Upload) -> sidecar.Document | None:
    """What is said of an external set, its role included, by whichever way that is told; None of
    another upload. Raises DatasetRefused (mapping-invalid) of what lies below external/."""
    if upload.key.startswith(keys.EXTERNAL):
        return {**image_mapping.KEYS.find(upload), "role": image_mapping.EXTERNAL}
    if plans.is_table(upload.key):
        return None
    try:
        mapping = image_mapping.KEYS.find(upload)
    except DatasetRefused:
        return None  # PlanDataset says so
    return mapping if image_mapping.is_external(mapping) else None


def plan(
    upload: Upload, mapping: sidecar.Document, validating: settings.Validating, work: str
) -> Plan:
    """Leaves the staging plan in the bucket `work`. Raises DatasetRefused."""
    if PurePosixPath(upload.key).suffix.lower() != ".zip":
        detail = f"an external set is a zip of images, {keys.EXTERNAL}<name>.zip"
        raise DatasetRefused("unsupported-extension", detail)
    models = serving.find(validating, work)
    image_mapping.KEYS.together(mapping)
    try:
        images = plans.of_images(upload, settings.read(settings.Batching), work, mapping)
    except ConfigurationError as error:
        detail = f"{error}. Deploy the stack with other parameters, then upload this again"
        raise DatasetRefused("parameters", detail) from error
    validation = Validation(images.dataset, serving.digest(models))
    details = {"plan": {"bucket": work, "key": images.dataset.plan, "batches": images.batches}}
    return Plan(validation, models, details, images.assumptions)
