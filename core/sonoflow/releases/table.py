"""Which class does a row of a table belong to, by SageMaker's built-in Linear Learner."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, Self

from sonoflow import keys, payloads, settings
from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.releases import linear_learner, training_jobs
from sonoflow.releases.floors import Floor, Floors, Gate, wanted
from sonoflow.releases.task import Task
from sonoflow.tables.linear_learner import RECORDIO, REGRESSOR

if TYPE_CHECKING:
    from sonoflow.comparing.comparison import Comparison
    from sonoflow.judging.judgements import Judgement
    from sonoflow.judging.probes import Probed
    from sonoflow.releases.release import Release

# What Linear Learner takes and gives.
_ROW_TYPES = (RECORDIO, "application/json", "application/jsonlines", "text/csv")
# Built-in algorithms that do not checkpoint wait this long for spot instances, training included:
# https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
_SPOT_SECONDS_LIMIT = 3600
_RECORD_BYTES = 64  # of a record of recordIO-protobuf, beside its float32 features


@dataclasses.dataclass(frozen=True)
class StagedTable:
    """What is known of a table as it is written for training."""

    uri: str  # of table.json
    features: int  # columns of the vectors
    train_rows: int


@dataclasses.dataclass(frozen=True)
class Table(Task):
    name = "table"
    model = "table"
    request_types = _ROW_TYPES
    response_types = _ROW_TYPES

    staged: StagedTable
    stack: settings.TableInstances
    gates: settings.Gates
    wanted: str  # further floors, as their parameter gives them
    given: dict[str, Any]  # hyperparameters, by Linear Learner's names

    @classmethod
    def from_state(
        cls,
        payload: Mapping[str, Any],
        environment: Mapping[str, str] | None,
        code: Traversable | None,
    ) -> Self:
        if payload.get("Tune") not in (None, False):
            raise PayloadInvalid(
                f"'Tune' is not for the task {cls.name!r}: Linear Learner tries the candidates of "
                "one training job by itself, as many as num_models says; leave it out"
            )
        classes = payloads.texts(payload, "dataset.classes")
        if len(classes) < 2:
            raise PayloadInvalid(f"'dataset.classes' must be two or more, not {classes}")
        staged = StagedTable(
            uri=payloads.field(payload, "dataset.table_uri", str),
            features=_positive(payload, "dataset.features"),
            train_rows=_positive(payload, "dataset.train_rows"),
        )
        return cls(
            staged,
            settings.read(settings.TableInstances, environment),
            settings.read(settings.Gates, environment),
            wanted(payload, cls.model),
            cls._given(environment),
        )

    @classmethod
    def check(cls, environment: Mapping[str, str] | None, code: Traversable | None) -> None:
        cls._given(environment)
        settings.read(settings.Gates, environment)
        _image_uri(settings.read(settings.TableInstances, environment))

    @staticmethod
    def _given(environment: Mapping[str, str] | None) -> dict[str, Any]:
        own = settings.read(settings.TableHyperparameters, environment)
        return linear_learner.given(own.table_hyperparameters)

    @property
    def training_image_uri(self) -> str:
        return _image_uri(self.stack)

    @property
    def serving_image_uri(self) -> str:
        return self.training_image_uri

    @property
    def tuning(self) -> None:
        return None

    @property
    def source(self) -> str:
        return self.staged.uri

    @property
    def staged_gigabytes(self) -> int:
        """Of all splits' records, four fifths of which are the training split's; twice, and room
        for the rest."""
        record = _RECORD_BYTES + 4 * self.staged.features
        return 10 + math.ceil(2 * record * self.staged.train_rows / 0.8 / 1e9)

    def own_hyperparameters(self, classes: int) -> dict[str, Any]:
        shares = self.staged.train_rows // self.stack.table_instance_count
        return linear_learner.hyperparameters(self.given, self.staged.features, shares, classes)

    def gate(self, classes: Sequence[str]) -> Gate:
        """A regressor's own figures know no accuracy: it is judged by what its endpoint answers,
        as every table model is."""
        floors = self.floors(self.gates, self.wanted).gate(classes)
        if linear_learner.predictor_type(self.given, len(classes)) == REGRESSOR:
            return {}
        return {"minimum": {"accuracy": floors["minimum"]["accuracy"]}}

    @staticmethod
    def floors(gates: settings.Gates, text: str = "{}") -> Floors:
        """What the endpoint must reach on the test split."""
        return Floors(
            parameter="TableFloors",
            known={
                "sensitivity": Floor("sensitivity", binary=True),
                "auc": Floor("auc", binary=True),
            },
            apart={"accuracy": ("MinimumTableAccuracy", gates.minimum_table_accuracy)},
            text=text,
        )

    def evaluation(self, release: Release) -> dict[str, str]:
        return {"training_job": release.name, "evaluation_uri": release.evaluation_uri}

    def probe_request(self, release: Release) -> dict[str, Any]:
        work, dataset = release.work_bucket, release.dataset
        return {
            **super().probe_request(release),
            "predictor_type": linear_learner.predictor_type(self.given, len(release.classes)),
            "table_uri": self.staged.uri,
            "statistics_uri": keys.uri(work, dataset.table_statistics),
            "release_table_uri": keys.uri(work, keys.release_table(release.name)),
            "release": release.name,
            "evaluation_uri": release.evaluation_uri,
            "comparison_uri": release.comparison_uri,
            "published_comparison_uri": release.published_comparison_uri,
            "gate": self.floors(self.gates, self.wanted).gate(release.classes),
        }

    def training_job(self, release: Release) -> dict[str, Any]:
        """Linear Learner shares the training shards out between its instances."""
        return {
            "AlgorithmSpecification": training_jobs.algorithm(self.training_image_uri),
            "HyperParameters": self.own_hyperparameters(len(release.classes)),
            "InputDataConfig": [_channel(release, split) for split in keys.SPLITS],
            "ResourceConfig": training_jobs.machines(
                self.stack.table_instance_type, self.stack.table_instance_count
            ),
            "StoppingCondition": _stopping(release.releasing),
        }

    def comparison_request(self, release: Release) -> dict[str, Any]:
        return {
            **super().comparison_request(release),
            "manifest_uri": release.manifests["test"],
            "table_uri": self.staged.uri,
            "statistics_uri": keys.uri(release.work_bucket, release.dataset.table_statistics),
        }

    @staticmethod
    def compare(
        payload: Mapping[str, Any], seconds_left: Callable[[], float], last: bool
    ) -> Comparison:
        from sonoflow.comparing import table_comparisons

        return table_comparisons.ask(payload, seconds_left)

    @staticmethod
    def judge(payload: Mapping[str, Any]) -> Judgement:
        from sonoflow.judging import judgements

        return judgements.of_training_job(payload)

    @staticmethod
    def probe(payload: Mapping[str, Any]) -> Probed:
        from sonoflow.judging import table_probes

        return table_probes.probe(payload)


def _image_uri(stack: settings.TableInstances) -> str:
    if not stack.linear_learner_image_uri:
        message = "no Linear Learner image is known for this region: set LinearLearnerImageUri"
        raise ConfigurationError(message)
    return stack.linear_learner_image_uri


def _stopping(releasing: settings.Releasing) -> dict[str, int]:
    seconds = releasing.training_max_runtime_seconds
    if not releasing.training_spot:
        return {"MaxRuntimeInSeconds": seconds}
    return {
        "MaxRuntimeInSeconds": min(seconds, _SPOT_SECONDS_LIMIT),
        "MaxWaitTimeInSeconds": _SPOT_SECONDS_LIMIT,
    }


def _channel(release: Release, split: str) -> dict[str, Any]:
    distribution = training_jobs.SHARED if split == "train" else training_jobs.WHOLE
    manifest = release.manifests[split]
    channel = training_jobs.channel(split, "ManifestFile", manifest, distribution)
    return {**channel, "ContentType": RECORDIO}


def _positive(payload: Mapping[str, Any], path: str) -> int:
    value = payloads.field(payload, path, int)
    if value < 1:
        raise PayloadInvalid(f"{path!r} must be 1 or more, not {value}")
    return value
