"""Settings of the functions, from environment variables.

Each dataclass is what one kind of function needs; a field is the variable of the same name in
capitals, or an option of STAGING_OPTIONS where staging_options.json declares it. They are read when
a function does its work, never at import.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from sonoflow import options
from sonoflow.errors import ConfigurationError

T = TypeVar("T")

_KINDS = {int: "a whole number", float: "a number", bool: "true or false"}

HOSTING_MODES = ("serverless", "realtime")
DICOM_RESULTS = ("none", "deidentified")
# SageMaker writes names in lower case into the ARNs that permissions go by, and takes 63
# characters, of which the longest task and a version need 33.
STACK_NAME_LIMIT = 30
_STACK_NAME = re.compile(rf"[a-z][a-z0-9-]{{0,{STACK_NAME_LIMIT - 1}}}")


@dataclasses.dataclass(frozen=True)
class Buckets:
    work_bucket: str
    results_bucket: str


@dataclasses.dataclass(frozen=True)
class Planning:
    train_images_state_machine_arn: str
    train_table_state_machine_arn: str
    notifications_topic_arn: str


@dataclasses.dataclass(frozen=True)
class Batching:
    stage_batch_images: int
    stage_batch_bytes: int


@dataclasses.dataclass(frozen=True)
class Staging:
    stage_uploads_at_once: int
    stage_read_attempts: int


@dataclasses.dataclass(frozen=True)
class TableStaging:
    split_seed: int
    minimum_rows_per_class: int
    table_features: str
    stage_read_attempts: int


@dataclasses.dataclass(frozen=True)
class Splitting:
    split_seed: int
    minimum_images_per_class: int
    split_stable: bool
    split_folds: int


@dataclasses.dataclass(frozen=True)
class Predicting:
    """A function of the inbox is told of the endpoints that it may ask: both models of images, the
    table's, or all. What it has none for is another function's."""

    classifier_endpoint_name: str = ""
    segmenter_endpoint_name: str = ""
    table_endpoint_name: str = ""
    review_below_probability: float = -1.0  # images need one, from 0 to 1
    dicom_frames_limit: int = 16  # of one object; of a longer loop, frames at equal distances
    dicom_results: str = "none"  # of DICOM_RESULTS: whether DICOM is answered in DICOM too

    def __post_init__(self) -> None:
        images = (self.classifier_endpoint_name, self.segmenter_endpoint_name)
        if any(images) != all(images):
            raise ConfigurationError("one endpoint of images is named and the other is not")
        if not any(images) and not self.table_endpoint_name:
            raise ConfigurationError("no endpoint is named that could answer the inbox")
        if any(images) and self.review_below_probability < 0:
            raise ConfigurationError("the environment variable REVIEW_BELOW_PROBABILITY is not set")
        _check_positive("DICOM_FRAMES_LIMIT", self.dicom_frames_limit)
        _check_word("DICOM_RESULTS", self.dicom_results, DICOM_RESULTS)

    @property
    def answers_images(self) -> bool:
        return bool(self.classifier_endpoint_name)

    @property
    def answers_tables(self) -> bool:
        return bool(self.table_endpoint_name)


@dataclasses.dataclass(frozen=True)
class BulkPlanning:
    """What answers the images that a zip or manifest of the inbox asks for."""

    answer_bulk_state_machine_arn: str


@dataclasses.dataclass(frozen=True)
class BulkAnswering:
    """How long one image may take, in seconds: less is left to no image."""

    predict_timeout: int


@dataclasses.dataclass(frozen=True)
class Sweeping:
    """Where uploads lie, and where an event about one is sent."""

    uploads_bucket: str
    inbox_queue_url: str
    table_inbox_queue_url: str
    plan_dataset_function_name: str
    plan_external_function_name: str
    plan_bulk_function_name: str
    train_images_state_machine_arn: str
    train_table_state_machine_arn: str
    validate_external_state_machine_arn: str
    sweep_grace_minutes: int


@dataclasses.dataclass(frozen=True)
class Validating:
    """Whose models judge external sets, and what runs it."""

    classifier_endpoint_name: str
    segmenter_endpoint_name: str
    validate_external_state_machine_arn: str
    notifications_topic_arn: str


@dataclasses.dataclass(frozen=True)
class Feedback:
    """Where verdicts become a data set, and how many images must have been judged."""

    uploads_bucket: str
    feedback_minimum: int


@dataclasses.dataclass(frozen=True)
class Retrying:
    inbox_retry_seconds: int = 30  # until the second attempt; later ones wait longer
    # After the last attempt the message is laid there with the reason; empty leaves that to SQS.
    inbox_dead_letter_queue_url: str = ""
    inbox_max_receives: int = 0  # as the queue's own maxReceiveCount

    def __post_init__(self) -> None:
        _check_positive("INBOX_RETRY_SECONDS", self.inbox_retry_seconds)


@dataclasses.dataclass(frozen=True)
class Releasing:
    """What every training job and model has in common."""

    stack_name: str
    training_max_runtime_seconds: int
    training_spot: bool = False
    training_volume_gigabytes: int = 30

    def __post_init__(self) -> None:
        if not _STACK_NAME.fullmatch(self.stack_name):
            raise ConfigurationError(
                f"the stack's name is {self.stack_name!r}: must be lower-case letters, digits and "
                f"hyphens, {STACK_NAME_LIMIT} at most"
            )


@dataclasses.dataclass(frozen=True)
class Deployed:
    """What a stack has of itself, whatever its parameters say."""

    sagemaker_role_arn: str
    training_image_uri: str
    serving_image_uri: str


@dataclasses.dataclass(frozen=True)
class Training:
    """Where models of images are trained, and what their networks start from."""

    training_instance_type: str
    training_instance_count: int
    pretrained_weights_uri: str = ""  # empty: from scratch
    segmenter_weights_uri: str = ""


@dataclasses.dataclass(frozen=True)
class Pretraining:
    """Whether networks that there are published weights for start from them."""

    pretrained: bool = False


@dataclasses.dataclass(frozen=True)
class Search:
    """Whether, and how, hyperparameters of image models are searched for."""

    tune: bool = False
    tuning_options: str = "{}"


@dataclasses.dataclass(frozen=True)
class Classifier:
    classifier_architecture: str
    classifier_image_size: int
    classifier_epochs: int
    classifier_hyperparameters: str = "{}"


@dataclasses.dataclass(frozen=True)
class Segmenter:
    segmenter_image_size: int
    segmenter_epochs: int
    segmenter_hyperparameters: str = "{}"


@dataclasses.dataclass(frozen=True)
class TableHyperparameters:
    table_hyperparameters: str = "{}"


@dataclasses.dataclass(frozen=True)
class TableInstances:
    """Where Linear Learner is trained on tables."""

    table_instance_type: str
    table_instance_count: int
    linear_learner_image_uri: str = ""  # empty where no image of the region is known


@dataclasses.dataclass(frozen=True)
class Gates:
    """What models must reach on the test split."""

    minimum_accuracy: float
    minimum_lesion_dice: float
    minimum_table_accuracy: float


@dataclasses.dataclass(frozen=True)
class Approving:
    """Where releases that wait for a person have left their tokens."""

    locks_table_name: str


@dataclasses.dataclass(frozen=True)
class Hosting:
    """How models are served."""

    hosting_mode: str
    hosting_instance_type: str
    serverless_memory_mb: int
    serverless_max_concurrency: int
    scaling_minimum: int
    scaling_maximum: int
    scaling_target_invocations: float

    def __post_init__(self) -> None:
        _check_word("HOSTING_MODE", self.hosting_mode, HOSTING_MODES)
        if self.scaling_minimum > self.scaling_maximum:
            raise ConfigurationError(
                f"ScalingMinimum is {self.scaling_minimum}, more than ScalingMaximum, which is "
                f"{self.scaling_maximum}"
            )


def read(group: type[T], environment: Mapping[str, str] | None = None) -> T:
    """The settings of a group, from this process's environment unless another is given. Raises
    ConfigurationError."""
    found = os.environ if environment is None else environment
    hints = get_type_hints(group)
    staging: dict[str, Any] | None = None
    values: dict[str, Any] = {}
    for field in dataclasses.fields(group):  # type: ignore[arg-type]
        option = field.name.replace("_", "-")
        if option in staging_declarations():
            staging = staging_options(found) if staging is None else staging
            values[field.name] = staging[option]
        else:
            variable = field.name.upper()
            values[field.name] = _value(found, variable, hints[field.name], field.default)
    return group(**values)


def staging_options(environment: Mapping[str, str]) -> dict[str, Any]:
    """Raises ConfigurationError."""
    text = environment.get("STAGING_OPTIONS", "").strip() or "{}"
    return options.merged("StagingOptions", staging_declarations(), text)


@functools.cache
def staging_declarations() -> dict[str, options.Declaration]:
    # Beside this file: importlib.resources would cost every function's start ten milliseconds.
    file = Path(__file__).with_name("staging_options.json")
    declared: dict[str, options.Declaration] = json.loads(file.read_text("utf-8"))
    return declared


def _check_positive(variable: str, value: int) -> None:
    if value < 1:
        raise ConfigurationError(f"{variable} is {value}: must be 1 or more")


def _check_word(variable: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigurationError(f"{variable} is {value!r}: must be {' or '.join(choices)}")


def _value(environment: Mapping[str, str], variable: str, kind: type[Any], default: Any) -> Any:
    text = environment.get(variable, "").strip()
    if not text:
        if default is dataclasses.MISSING:
            raise ConfigurationError(f"the environment variable {variable} is not set")
        return default
    try:
        return _truth(text) if kind is bool else kind(text)
    except ValueError as error:
        parameter = variable.title().replace("_", "")
        message = f"{parameter} ({variable}) is {text!r}: must be {_KINDS[kind]}"
        raise ConfigurationError(message) from error


def _truth(text: str) -> bool:
    """As CloudFormation writes it. Python's own bool("false") is True."""
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"
