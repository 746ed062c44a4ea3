"""A release: one model of one task, trained on one data set by one run, and its names."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sonoflow import keys, payloads
from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.keys import Dataset
from sonoflow.releases import linear_learner, tasks, tuning
from sonoflow.releases.tasks import Task
from sonoflow.releases.tuning import Tuning
from sonoflow.settings import Hosting, TableTraining, Training

_NAME_LIMIT = 63  # characters, of SageMaker's names


@dataclasses.dataclass(frozen=True)
class Code:
    """The archive of the model code."""

    uri: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class StagedTable:
    """What is known of a table as it is written for training."""

    uri: str  # of table.json
    features: int  # columns of the vectors
    train_rows: int


@dataclasses.dataclass(frozen=True)
class Release:
    run: str
    started: str  # when the run began: SageMaker never takes the name of a training job twice
    task: Task
    dataset: Dataset
    classes: tuple[str, ...]
    manifests: dict[str, str]  # URI by split
    source: Code | StagedTable  # a script's code, or what a built-in algorithm has to know
    training: Training
    table_training: TableTraining
    hosting: Hosting
    work_bucket: str
    tuning: Tuning | None = None  # None: a single training job

    @functools.cached_property
    def version(self) -> str:
        """The data set's version and a digest of everything else that makes the model."""
        ingredients: list[Any] = [
            self.run,
            self.started,
            self.task.name,
            self.source.sha256 if isinstance(self.source, Code) else self.source.uri,
            self._own_hyperparameters,
            [self.training_image_uri, self.serving_image_uri],
        ]
        if self.tuning is not None:
            ingredients.append(dataclasses.asdict(self.tuning))
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
    def tuning_job_name(self) -> str:
        return tuning.job_name(self.training.stack_name, self.version.rpartition("-")[2])

    @property
    def endpoint(self) -> str:
        """Of the endpoint and of the model package group: the same for every release."""
        return f"{self.training.stack_name}-{self.task.model}"

    @property
    def training_image_uri(self) -> str:
        if self.task.is_built_in:
            return self._linear_learner_image_uri
        return self.training.training_image_uri

    @property
    def serving_image_uri(self) -> str:
        if self.task.is_built_in:
            return self._linear_learner_image_uri
        return self.hosting.serving_image_uri

    @property
    def _linear_learner_image_uri(self) -> str:
        uri = self.table_training.linear_learner_image_uri
        if not uri:
            message = "no Linear Learner image is known for this region: set LinearLearnerImageUri"
            raise ConfigurationError(message)
        return uri

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What the training program is told: a script's flags, or Linear Learner's own names."""
        if not isinstance(self.source, Code):
            return self._own_hyperparameters
        return {
            **self._own_hyperparameters,
            "model-name": self.task.model,
            "model-version": self.version,
            "dataset-version": self.dataset.version,
            "code-digest": self.source.sha256,
        }

    @property
    def _own_hyperparameters(self) -> dict[str, Any]:
        if isinstance(self.source, StagedTable):
            shape = (self.source.train_rows, self.source.features)
            return linear_learner.hyperparameters(self.table_training, shape, len(self.classes))
        return {"classes": list(self.classes), **self.task.hyperparameters(self.training)}

    @property
    def gate(self) -> dict[str, dict[str, float]]:
        """What the training job's evaluation must reach."""
        if self.task.is_built_in:
            return linear_learner.gate(self.table_training, len(self.classes))
        return self.task.gate(self.training)

    @property
    def evaluation(self) -> dict[str, str]:
        """Where JudgeModel finds the figures, and where the evaluation is kept."""
        if self.task.is_built_in:
            return {"training_job": self.name, "evaluation_uri": self.evaluation_uri}
        return {"output_uri": self.output_uri, "evaluation_uri": self.evaluation_uri}

    @property
    def probe(self) -> dict[str, Any]:
        """What ProbeEndpoint is asked to do."""
        common = {
            "task": self.task.name,
            "endpoint_name": self.endpoint,
            "manifest_uri": self.manifests["test"],
            "classes": list(self.classes),
        }
        if not isinstance(self.source, StagedTable):
            return common
        return {
            **common,
            "predictor_type": self.hyperparameters["predictor_type"],
            "table_uri": self.source.uri,
            "statistics_uri": keys.uri(self.work_bucket, self.dataset.table_statistics),
            "release_table_uri": keys.uri(self.work_bucket, keys.release_table(self.name)),
            "release": self.name,
            "evaluation_uri": self.evaluation_uri,
            "gate": linear_learner.endpoint_gate(self.table_training),
        }

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
    payload: Mapping[str, Any],
    training: Training,
    table_training: TableTraining,
    hosting: Hosting,
    work_bucket: str,
) -> Release:
    """The release that a state's input asks for. Raises PayloadInvalid."""
    task = tasks.get(payloads.field(payload, "task", str))
    return Release(
        run=payloads.field(payload, "run", str),
        started=payloads.field(payload, "started", str),
        task=task,
        dataset=Dataset.parse(payload),
        classes=tuple(payloads.texts(payload, "dataset.classes")),
        manifests={
            split: payloads.field(payload, f"dataset.manifests.{split}", str)
            for split in keys.SPLITS
        },
        source=_staged_table(payload) if task.is_built_in else _code(payload),
        training=training,
        table_training=table_training,
        hosting=hosting,
        work_bucket=work_bucket,
        tuning=tuning.asked(payload.get("Tune"), task, training),
    )


def _code(payload: Mapping[str, Any]) -> Code:
    return Code(
        uri=payloads.field(payload, "code.uri", str),
        sha256=payloads.field(payload, "code.sha256", str),
    )


def _staged_table(payload: Mapping[str, Any]) -> StagedTable:
    classes = payloads.texts(payload, "dataset.classes")
    if len(classes) < 2:
        raise PayloadInvalid(f"'dataset.classes' must be two or more, not {classes}")
    return StagedTable(
        uri=payloads.field(payload, "dataset.table_uri", str),
        features=_positive(payload, "dataset.features"),
        train_rows=_positive(payload, "dataset.train_rows"),
    )


def _positive(payload: Mapping[str, Any], path: str) -> int:
    value = payloads.field(payload, path, int)
    if value < 1:
        raise PayloadInvalid(f"{path!r} must be 1 or more, not {value}")
    return value
