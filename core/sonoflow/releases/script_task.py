"""Tasks of images: a script of the model code trains a network, in script mode."""

from __future__ import annotations

import abc
import dataclasses
import json
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sonoflow import keys, options, payloads, settings
from sonoflow.errors import ConfigurationError
from sonoflow.releases import model_code, training_jobs, tuning
from sonoflow.releases.floors import Gate, wanted
from sonoflow.releases.task import Task
from sonoflow.releases.tuning import Tuning

if TYPE_CHECKING:
    from sonoflow.judging.judgements import Judgement
    from sonoflow.releases.release import Release

_INPUT = "/opt/ml/input/data"
BATCH_SIZE = "batch-size"
_NUMBER = "([0-9.eE+-]+)"


@dataclasses.dataclass(frozen=True)
class Code:
    """The archive of the model code."""

    uri: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Script:
    """What the stack's parameters say to one script."""

    parameter: str  # the one that holds hyperparameters together
    text: str
    apart: dict[str, tuple[str, Any]]  # parameter and value of those that have one for themselves

    def hyperparameters(self, declared: Mapping[str, options.Declaration]) -> dict[str, Any]:
        """Those that the parameters give. Raises ConfigurationError."""
        elsewhere = {name: parameter for name, (parameter, _) in self.apart.items()}
        values = options.given(self.parameter, declared, self.text, elsewhere)
        for name, (parameter, value) in self.apart.items():
            options.check(parameter, declared[name], value)
            values[name] = value
        return values


@dataclasses.dataclass(frozen=True)
class ScriptTask(Task):
    program: ClassVar[str]  # in the model code
    network: ClassVar[str]  # the hyperparameter that names it
    metrics: ClassVar[tuple[str, ...]]  # as CloudWatch names them; the log writes _ for :
    request_types = ("image/bmp", "image/jpeg", "image/png", "image/tiff")  # what serve.py takes

    code: Code
    deployed: settings.Deployed
    training: settings.Training
    gates: settings.Gates
    wanted: str  # further floors, as their parameter gives them
    hyperparameters: dict[str, Any]  # those that the stack's parameters give
    search: Tuning | None
    weights_uri: str  # what the network starts from; empty: from scratch

    @classmethod
    @abc.abstractmethod
    def script(cls, environment: Mapping[str, str] | None) -> Script:
        """From the settings. Raises ConfigurationError."""

    @classmethod
    @abc.abstractmethod
    def weights_given(cls, training: settings.Training) -> str:
        """The URI of weights that the stack's parameters name; empty: none."""

    @classmethod
    def from_state(
        cls,
        payload: Mapping[str, Any],
        environment: Mapping[str, str] | None,
        code: Traversable | None,
    ) -> Self:
        declared = model_code.hyperparameters(cls.model, code or model_code.folder())
        training = settings.read(settings.Training, environment)
        hyperparameters = cls._hyperparameters(environment, declared, training)
        search = settings.read(settings.Search, environment)
        parameter = cls.script(environment).parameter
        told = options.implied(parameter, declared, hyperparameters)
        network: str = {cls.network: declared[cls.network]["default"], **told}[cls.network]
        return cls(
            code=Code(
                uri=payloads.field(payload, "code.uri", str),
                sha256=payloads.field(payload, "code.sha256", str),
            ),
            deployed=settings.read(settings.Deployed, environment),
            training=training,
            gates=settings.read(settings.Gates, environment),
            wanted=wanted(payload, cls.model),
            hyperparameters=hyperparameters,
            search=tuning.asked(payload.get("Tune"), cls.name, search, hyperparameters, declared),
            weights_uri=cls.weights_given(training) or _published(payload, network),
        )

    @classmethod
    def check(cls, environment: Mapping[str, str] | None, code: Traversable | None) -> None:
        declared = model_code.hyperparameters(cls.model, code or model_code.folder())
        training = settings.read(settings.Training, environment)
        hyperparameters = cls._hyperparameters(environment, declared, training)
        settings.read(settings.Gates, environment)
        search = settings.read(settings.Search, environment)
        tuning.check(cls.name, search, hyperparameters, declared)
        if search.tune:
            tuning.job_name(settings.read(settings.Releasing, environment).stack_name, "0" * 8)

    @classmethod
    def _hyperparameters(
        cls,
        environment: Mapping[str, str] | None,
        declared: Mapping[str, options.Declaration],
        training: settings.Training,
    ) -> dict[str, Any]:
        script = cls.script(environment)
        values = script.hyperparameters(declared)
        options.implied(script.parameter, declared, values)
        batch: int = {BATCH_SIZE: declared[BATCH_SIZE]["default"], **values}[BATCH_SIZE]
        hosts = training.training_instance_count
        if batch < hosts:
            raise ConfigurationError(
                f"{script.parameter}: batch-size is {batch}, less than TrainingInstanceCount, which"
                f" is {hosts}: instances share each batch"
            )
        return values

    def gate(self, classes: Sequence[str]) -> Gate:
        return self.floors(self.gates, self.wanted).gate(classes)

    @property
    def training_image_uri(self) -> str:
        return self.deployed.training_image_uri

    @property
    def serving_image_uri(self) -> str:
        return self.deployed.serving_image_uri

    @property
    def tuning(self) -> Tuning | None:
        return self.search

    @property
    def source(self) -> str:
        return self.code.sha256

    def own_hyperparameters(self, classes: int) -> dict[str, Any]:
        return self.hyperparameters

    def evaluation(self, release: Release) -> dict[str, str]:
        return {"output_uri": release.output_uri, "evaluation_uri": release.evaluation_uri}

    def model_metrics(self, release: Release) -> dict[str, Any]:
        statistics = {"ContentType": "application/json", "S3Uri": release.evaluation_uri}
        return {"ModelQuality": {"Statistics": statistics}}

    def training_job(self, release: Release) -> dict[str, Any]:
        """The code comes as a channel: the container cannot reach S3. What no parameter decides is
        left to the script, whose archive may be older than this function."""
        archive = keys.parse_uri(self.code.uri)[1].rpartition("/")[2]
        flags = {
            **self.hyperparameters,
            "classes": list(release.classes),
            "model-name": self.model,
            "model-version": release.version,
            "dataset-version": release.dataset.version,
            "code-digest": self.code.sha256,
            "sagemaker_program": self.program,
            "sagemaker_submit_directory": f"{_INPUT}/code/{archive}",
        }
        return {
            "AlgorithmSpecification": {
                **training_jobs.algorithm(self.training_image_uri),
                "MetricDefinitions": self.metric_definitions(),
            },
            "HyperParameters": encoded(flags),
            "InputDataConfig": self._channels(release),
            "ResourceConfig": training_jobs.machines(
                self.training.training_instance_type, self.training.training_instance_count
            ),
            "StoppingCondition": _stopping(release.releasing),
            # Written after every epoch: a job that is interrupted goes on there.
            "CheckpointConfig": {
                "S3Uri": keys.uri(release.work_bucket, keys.checkpoints(release.name)),
            },
        }

    def _channels(self, release: Release) -> list[dict[str, Any]]:
        channel = training_jobs.channel
        channels = [channel(one, "ManifestFile", release.manifests[one]) for one in keys.SPLITS]
        channels.append(channel("code", "S3Prefix", self.code.uri))
        # Which images belong together, for the confidence intervals.
        index = keys.uri(release.work_bucket, release.dataset.index)
        channels.append(channel("index", "S3Prefix", index))
        if self.weights_uri:
            channels.append(channel("weights", "S3Prefix", self.weights_uri))
        return channels

    @classmethod
    def metric_definitions(cls) -> list[dict[str, str]]:
        """How SageMaker finds the metrics in the log lines of a training job."""
        return [
            {"Name": name, "Regex": f"{name.replace(':', '_')}={_NUMBER}"} for name in cls.metrics
        ]

    @staticmethod
    def judge(payload: Mapping[str, Any]) -> Judgement:
        from sonoflow.judging import judgements

        return judgements.of_output(payload)


def _published(payload: Mapping[str, Any], network: str) -> str:
    """The URI of the network's published weights; empty where there are none, or none are wanted:
    PackageModelCode has stored those that are."""
    if network not in payloads.field(payload, "code.weights", dict):
        return ""
    return payloads.field(payload, f"code.weights.{network}", str)


def _stopping(releasing: settings.Releasing) -> dict[str, int]:
    """A script checkpoints, so it may wait for spot instances as long again as it may run."""
    seconds = releasing.training_max_runtime_seconds
    if not releasing.training_spot:
        return {"MaxRuntimeInSeconds": seconds}
    return {"MaxRuntimeInSeconds": seconds, "MaxWaitTimeInSeconds": 2 * seconds}


def encoded(hyperparameters: Mapping[str, Any]) -> dict[str, str]:
    """As SageMaker carries them: text that the training toolkit reads as JSON.

    Strings are quoted, as the SageMaker SDK does: a version like 61e104857123 would otherwise
    arrive as a number, and a list as Python's notation of it. A list is therefore the text of its
    JSON, quoted once more.
    """
    return {
        name: json.dumps(json.dumps(value) if isinstance(value, list) else value)
        for name, value in hyperparameters.items()
    }
