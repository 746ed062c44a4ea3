"""A release: one model of one task, trained on one data set by one run, and its names."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any

from sonoflow import keys, payloads, settings
from sonoflow.keys import Dataset
from sonoflow.releases import tasks, tuning
from sonoflow.releases.surroundings import Surroundings
from sonoflow.releases.task import Task


@dataclasses.dataclass(frozen=True)
class Release:
    run: str
    started: str  # when the run began: SageMaker never takes the name of a training job twice
    task: Task
    dataset: Dataset
    classes: tuple[str, ...]
    manifests: dict[str, str]  # URI by split
    releasing: settings.Releasing
    deployed: settings.Deployed
    hosting: settings.Hosting
    work_bucket: str
    results_bucket: str
    surroundings: Surroundings

    @functools.cached_property
    def version(self) -> str:
        """The data set's version and a digest of everything else that makes the model."""
        ingredients: list[Any] = [
            self.run,
            self.started,
            self.task.name,
            self.task.source,
            list(self.classes),
            self.task.own_hyperparameters(len(self.classes)),
            [self.task.training_image_uri, self.task.serving_image_uri],
        ]
        if self.task.tuning is not None:
            ingredients.append(dataclasses.asdict(self.task.tuning))
        text = json.dumps(ingredients, sort_keys=True)
        return f"{self.dataset.version}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def name(self) -> str:
        """Of the training job, the model and the endpoint configuration."""
        return f"{self.endpoint}-{self.version}"

    @property
    def tuning_job_name(self) -> str:
        return tuning.job_name(self.releasing.stack_name, self.version.rpartition("-")[2])

    @property
    def endpoint(self) -> str:
        """Of the endpoint and of the model package group: the same for every release."""
        return f"{self.releasing.stack_name}-{self.task.model}"

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
    def comparison_uri(self) -> str:
        return keys.uri(self.work_bucket, keys.comparison(self.name))

    @property
    def published_comparison_uri(self) -> str:
        """For people, whether the release comes to serve or not."""
        return keys.uri(
            self.results_bucket, self.dataset.published(f"{self.task.model}.comparison.json")
        )

    @property
    def lasting_tags(self) -> list[dict[str, str]]:
        """Of what serves this release and later ones: whose costs they are."""
        tags = {**self.surroundings.tags, "sonoflow:stack": self.releasing.stack_name}
        return [{"Key": name, "Value": value} for name, value in tags.items()]

    @property
    def tags(self) -> list[dict[str, str]]:
        """Of what is this release's alone."""
        return [
            *self.lasting_tags,
            {"Key": "sonoflow:dataset", "Value": self.dataset.run},
            {"Key": "sonoflow:run", "Value": self.run},
        ]


def from_state(
    payload: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    code: Traversable | None = None,
) -> Release:
    """The release that a state's input asks for: under the settings of this process and with the
    model code that it carries, unless others are given. Raises PayloadInvalid, ConfigurationError.
    """
    task = tasks.get(payloads.field(payload, "task", str))
    buckets = settings.read(settings.Buckets, environment)
    return Release(
        run=payloads.field(payload, "run", str),
        started=payloads.field(payload, "started", str),
        task=task.from_state(payload, environment, code),
        dataset=Dataset.parse(payload),
        classes=tuple(payloads.texts(payload, "dataset.classes")),
        manifests={
            split: payloads.field(payload, f"dataset.manifests.{split}", str)
            for split in keys.SPLITS
        },
        releasing=settings.read(settings.Releasing, environment),
        deployed=settings.read(settings.Deployed, environment),
        hosting=settings.read(settings.Hosting, environment),
        work_bucket=buckets.work_bucket,
        results_bucket=buckets.results_bucket,
        surroundings=Surroundings.from_state(payload),
    )
