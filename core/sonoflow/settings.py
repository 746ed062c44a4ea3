"""Settings of the functions, from environment variables.

Each dataclass is what one kind of function needs; a field is the variable of the same name in
capitals. They are read when a function does its work, never at import.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any, TypeVar, get_type_hints

from sonoflow.errors import ConfigurationError

T = TypeVar("T")

HOSTING_MODES = ("serverless", "realtime")
RANDOM, HYPERBAND = "Random", "Hyperband"
TUNING_STRATEGIES = (RANDOM, HYPERBAND)  # as SageMaker names them
TABLE_FEATURES = ("plain", "engineered")


@dataclasses.dataclass(frozen=True)
class Buckets:
    uploads_bucket: str
    work_bucket: str
    results_bucket: str


@dataclasses.dataclass(frozen=True)
class Planning:
    train_images_state_machine_arn: str
    train_table_state_machine_arn: str
    notifications_topic_arn: str
    stage_batch_images: int
    stage_batch_bytes: int = 32 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Staging:
    stage_uploads_at_once: int = 16
    stage_read_attempts: int = 3


@dataclasses.dataclass(frozen=True)
class TableStaging:
    split_seed: int
    minimum_rows_per_class: int
    table_features: str = "plain"
    stage_read_attempts: int = 3

    def __post_init__(self) -> None:
        if self.table_features not in TABLE_FEATURES:
            choices = " or ".join(TABLE_FEATURES)
            raise ConfigurationError(
                f"TABLE_FEATURES is {self.table_features!r}: must be {choices}"
            )
        # Fewer do not reach all three splits.
        if self.minimum_rows_per_class < 10:
            raise ConfigurationError(
                f"MINIMUM_ROWS_PER_CLASS is {self.minimum_rows_per_class}: must be 10 or more"
            )


@dataclasses.dataclass(frozen=True)
class Splitting:
    split_seed: int
    minimum_images_per_class: int
    split_stable: bool = False
    split_folds: int = 5

    def __post_init__(self) -> None:
        if self.split_folds < 2:
            raise ConfigurationError(f"SPLIT_FOLDS is {self.split_folds}: must be 2 or more")


@dataclasses.dataclass(frozen=True)
class Prediction:
    classifier_endpoint_name: str
    segmenter_endpoint_name: str
    table_endpoint_name: str
    review_below_probability: float


@dataclasses.dataclass(frozen=True)
class Retrying:
    inbox_retry_seconds: int = 30  # until the second attempt; later ones wait longer

    def __post_init__(self) -> None:
        if self.inbox_retry_seconds < 1:
            message = f"INBOX_RETRY_SECONDS is {self.inbox_retry_seconds}: must be 1 or more"
            raise ConfigurationError(message)


@dataclasses.dataclass(frozen=True)
class Training:
    """Where and how models are trained, and what they must reach."""

    stack_name: str
    sagemaker_role_arn: str
    training_image_uri: str
    training_instance_type: str
    training_instance_count: int
    training_max_runtime_seconds: int
    classifier_architecture: str
    classifier_image_size: int
    classifier_epochs: int
    segmenter_base_channels: int
    segmenter_depth: int
    segmenter_image_size: int
    segmenter_epochs: int
    batch_size: int
    training_seed: int
    minimum_accuracy: float
    minimum_lesion_dice: float
    training_spot: bool = False
    segmenter_encoder: str = "plain"
    segmenter_deep_supervision: bool = False
    test_time_flip: bool = False
    stop_on: str = "none"
    pretrained_weights_uri: str = ""
    segmenter_weights_uri: str = ""
    tune: bool = False
    tune_strategy: str = RANDOM
    tune_jobs: int = 12
    tune_parallel_jobs: int = 3


@dataclasses.dataclass(frozen=True)
class TableTraining:
    """Where and how Linear Learner is trained on tables, and what it must reach.

    Learning rate, L1 and weight decay are a number or `auto`, as Linear Learner takes them.
    """

    table_predictor_type: str
    table_loss: str
    table_epochs: int
    table_mini_batch_size: int
    table_models: int
    table_learning_rate: str
    table_l1: str
    table_weight_decay: str
    table_instance_type: str
    table_instance_count: int
    table_spot: bool
    minimum_table_accuracy: float
    linear_learner_image_uri: str = ""  # empty where no image of the region is known


@dataclasses.dataclass(frozen=True)
class Hosting:
    """How models are served."""

    serving_image_uri: str
    hosting_mode: str
    hosting_instance_type: str
    serverless_memory_mb: int
    serverless_max_concurrency: int
    scaling_minimum: int
    scaling_maximum: int
    scaling_target_invocations: float
    scale_in_cooldown_seconds: int
    scale_out_cooldown_seconds: int

    def __post_init__(self) -> None:
        if self.hosting_mode not in HOSTING_MODES:
            choices = " or ".join(HOSTING_MODES)
            raise ConfigurationError(f"HOSTING_MODE is {self.hosting_mode!r}: must be {choices}")


def read(group: type[T]) -> T:
    """The settings of a group, from the environment. Raises ConfigurationError."""
    hints = get_type_hints(group)
    return group(
        **{
            field.name: _value(field.name.upper(), hints[field.name], field.default)
            for field in dataclasses.fields(group)  # type: ignore[arg-type]
        }
    )


def _value(variable: str, kind: type[Any], default: Any) -> Any:
    text = os.environ.get(variable, "").strip()
    if not text:
        if default is dataclasses.MISSING:
            raise ConfigurationError(f"the environment variable {variable} is not set")
        return default
    try:
        return _truth(text) if kind is bool else kind(text)
    except ValueError as error:
        message = f"{variable} is {text!r}: must be a {kind.__name__}"
        raise ConfigurationError(message) from error


def _truth(text: str) -> bool:
    """As CloudFormation writes it. Python's own bool("false") is True."""
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"
