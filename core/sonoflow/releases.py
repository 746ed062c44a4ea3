"""A release: one model of one task, trained on one data set by one run, and its names."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sonoflow import keys, payloads, tasks
from sonoflow.errors import ConfigurationError
from sonoflow.keys import Dataset
from sonoflow.settings import Hosting, Training
from sonoflow.tasks import Task

_NAME_LIMIT = 63  # characters, of SageMaker's names


@dataclasses.dataclass(frozen=True)
class Code:
    """The archive of the model code."""

    uri: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Release:
    run: str
    started: str  # when the run began: SageMaker never takes the name of a training job twice
    task: Task
    dataset: Dataset
    classes: tuple[str, ...]
    manifests: dict[str, str]  # URI by split
    code: Code
    training: Training
    hosting: Hosting
    work_bucket: str

    @functools.cached_property
    def version(self) -> str:
        """The data set's version and a digest of everything else that makes the model."""
        ingredients = [
            self.run,
            self.started,
            self.task.name,
            self.code.sha256,
            self._own_hyperparameters,
            [self.training.training_image_uri, self.hosting.serving_image_uri],
        ]
        text = json.dumps(ingredients, sort_keys=True)
        return f"{self.dataset.version}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def name(self) -> str:
        """Of the training job, the model and the endpoint configuration."""
        name = f"{self.endpoint}-{self.version}"
        if len(name) > _NAME_LIMIT:
            message = f"the stack's name is too long: {name!r} exceeds {_NAME_LIMIT} characters"
            raise ConfigurationError(message)
        return name

    @property
    def endpoint(self) -> str:
        """Of the endpoint and of the model package group: the same for every release."""
        return f"{self.training.stack_name}-{self.task.model}"

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What the training program is told; the names are its flags."""
        return {
            **self._own_hyperparameters,
            "model-name": self.task.model,
            "model-version": self.version,
            "dataset-version": self.dataset.version,
            "code-digest": self.code.sha256,
        }

    @property
    def _own_hyperparameters(self) -> dict[str, Any]:
        return {"classes": list(self.classes), **self.task.hyperparameters(self.training)}

    @property
    def model_uri(self) -> str:
        return keys.uri(self.work_bucket, keys.training_output(self.name, "model.tar.gz"))

    @property
    def output_uri(self) -> str:
        return keys.uri(self.work_bucket, keys.training_output(self.name, "output.tar.gz"))

    @property
    def evaluation_uri(self) -> str:
        return keys.uri(self.work_bucket, keys.evaluation(self.name))

    @property
    def tags(self) -> list[dict[str, str]]:
        return [
            {"Key": "sonoflow:dataset", "Value": self.dataset.run},
            {"Key": "sonoflow:run", "Value": self.run},
        ]


def from_state(
    payload: Mapping[str, Any], training: Training, hosting: Hosting, work_bucket: str
) -> Release:
    """The release that a state's input asks for. Raises PayloadInvalid."""
    return Release(
        run=payloads.field(payload, "run", str),
        started=payloads.field(payload, "started", str),
        task=tasks.get(payloads.field(payload, "task", str)),
        dataset=Dataset.parse(payload),
        classes=tuple(payloads.texts(payload, "dataset.classes")),
        manifests={
            split: payloads.field(payload, f"dataset.manifests.{split}", str)
            for split in keys.SPLITS
        },
        code=Code(
            uri=payloads.field(payload, "code.uri", str),
            sha256=payloads.field(payload, "code.sha256", str),
        ),
        training=training,
        hosting=hosting,
        work_bucket=work_bucket,
    )
