"""The tasks that models are trained for: program, hyperparameters, metrics, gate.

Images are trained on by programs of model_code in script mode, tables by SageMaker's built-in
Linear Learner, whose hyperparameters and gate are in `linear_learner`.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from sonoflow.errors import PayloadInvalid
from sonoflow.releases.ranges import LOGARITHMIC, Choice, Interval, Range
from sonoflow.settings import Training

CLASSIFICATION = "classification"
SEGMENTATION = "segmentation"
TABLE = "table"
# What model_code/serve.py takes.
_IMAGE_TYPES = ("image/bmp", "image/jpeg", "image/png", "image/tiff")
# What Linear Learner takes and gives.
_ROW_TYPES = (
    "application/x-recordio-protobuf",
    "application/json",
    "application/jsonlines",
    "text/csv",
)
_NUMBER = "([0-9.eE+-]+)"


@dataclasses.dataclass(frozen=True)
class Task:
    """What tells one task from the other."""

    name: str
    model: str
    program: str  # in model_code; empty where a built-in algorithm trains
    metrics: tuple[str, ...]  # as CloudWatch names them; the log writes _ for :
    request_types: tuple[str, ...]  # content types that the endpoint takes
    response_types: tuple[str, ...]  # and those that it gives
    objective: str = ""  # the metric, greater is better, that tuning searches by

    @property
    def is_built_in(self) -> bool:
        return not self.program

    def metric_definitions(self) -> list[dict[str, str]]:
        """How SageMaker finds the metrics in the log lines of a training job."""
        return [
            {"Name": name, "Regex": f"{name.replace(':', '_')}={_NUMBER}"} for name in self.metrics
        ]

    def _epochs(self, settings: Training) -> int:
        if self.name == CLASSIFICATION:
            return settings.classifier_epochs
        return settings.segmenter_epochs

    def hyperparameters(self, settings: Training) -> dict[str, Any]:
        """A script's own; those of every release come from the release."""
        common = {
            "batch-size": settings.batch_size,
            "seed": settings.training_seed,
            "stop-on": settings.stop_on,
            "test-time-flip": settings.test_time_flip,
        }
        if self.name == CLASSIFICATION:
            return {
                **common,
                "architecture": settings.classifier_architecture,
                "epochs": self._epochs(settings),
                "image-size": settings.classifier_image_size,
            }
        return {
            **common,
            "base-channels": settings.segmenter_base_channels,
            "deep-supervision": settings.segmenter_deep_supervision,
            "depth": settings.segmenter_depth,
            "encoder": settings.segmenter_encoder,
            "epochs": self._epochs(settings),
            "image-size": settings.segmenter_image_size,
        }

    def weights_uri(self, settings: Training) -> str:
        """What the network starts from; empty: from scratch."""
        if self.name == CLASSIFICATION:
            return settings.pretrained_weights_uri
        return settings.segmenter_weights_uri

    def ranges(self, settings: Training) -> tuple[Range, ...]:
        """What tuning draws from, around the values of a single training job."""
        batch = settings.batch_size
        return (
            Choice("batch-size", tuple(sorted({max(1, batch // 2), batch, 2 * batch})), whole=True),
            _from_half("epochs", self._epochs(settings)),
            Interval("learning-rate", 1e-4, 1e-2, LOGARITHMIC),
            Interval("weight-decay", 1e-4, 1e-1, LOGARITHMIC),
        )

    def gate(self, settings: Training) -> dict[str, dict[str, float]]:
        """What a model must reach on the test split to be deployed."""
        if self.name == CLASSIFICATION:
            return {"minimum": {"accuracy": settings.minimum_accuracy}}
        return {"minimum": {"lesion_dice": settings.minimum_lesion_dice}}


_TASKS = {
    CLASSIFICATION: Task(
        name=CLASSIFICATION,
        model="classifier",
        program="train_classifier.py",
        metrics=(
            "train:loss",
            "validation:loss",
            "validation:accuracy",
            "validation:macro_f1",
            "validation:likelihood",
            "test:accuracy",
            "test:macro_f1",
            "test:macro_auc",
            "test:ece",
        ),
        objective="validation:likelihood",
        request_types=_IMAGE_TYPES,
        response_types=("application/json",),
    ),
    SEGMENTATION: Task(
        name=SEGMENTATION,
        model="segmenter",
        program="train_segmenter.py",
        metrics=(
            "train:loss",
            "validation:loss",
            "validation:lesion_dice",
            "validation:lesion_iou",
            "validation:mean_agreement",
            "test:lesion_dice",
            "test:lesion_iou",
            "test:normal_false_mask_rate",
        ),
        objective="validation:mean_agreement",
        request_types=_IMAGE_TYPES,
        response_types=("image/png",),
    ),
    TABLE: Task(
        name=TABLE,
        model="table",
        program="",
        metrics=(),  # a built-in algorithm brings its own, and SageMaker refuses others
        request_types=_ROW_TYPES,
        response_types=_ROW_TYPES,
    ),
}


def _from_half(name: str, value: int) -> Range:
    """Whole numbers from half the value to all of it."""
    if value == 1:
        return Choice(name, (value,), whole=True)
    return Interval(name, value // 2, value, whole=True)


def get(name: str) -> Task:
    """Raises PayloadInvalid for a task that does not exist."""
    try:
        return _TASKS[name]
    except KeyError as error:
        raise PayloadInvalid(f"no such task: {name!r}; there are {sorted(_TASKS)}") from error


def encoded(hyperparameters: dict[str, Any]) -> dict[str, str]:
    """As SageMaker carries them: text that the training toolkit reads as JSON.

    Strings are quoted, as the SageMaker SDK does: a version like 61e104857123 would otherwise
    arrive as a number, and a list as Python's notation of it. A list is therefore the text of its
    JSON, quoted once more.
    """
    return {
        name: json.dumps(json.dumps(value) if isinstance(value, list) else value)
        for name, value in hyperparameters.items()
    }
