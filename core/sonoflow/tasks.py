"""The tasks that models are trained for: program, hyperparameters, metrics, gate."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from sonoflow.errors import PayloadInvalid
from sonoflow.settings import Training

CLASSIFICATION = "classification"
SEGMENTATION = "segmentation"
_NUMBER = "([0-9.eE+-]+)"


@dataclasses.dataclass(frozen=True)
class Task:
    """What tells one task from the other."""

    name: str
    model: str
    program: str  # in model_code
    metrics: tuple[str, ...]  # as CloudWatch names them; the log writes _ for :
    content_type: str  # of the endpoint's response
    uses_pretrained_weights: bool

    def metric_definitions(self) -> list[dict[str, str]]:
        """How SageMaker finds the metrics in the log lines of a training job."""
        return [
            {"Name": name, "Regex": f"{name.replace(':', '_')}={_NUMBER}"} for name in self.metrics
        ]

    def hyperparameters(self, settings: Training) -> dict[str, Any]:
        """The task's own; those of every release come from the release."""
        common = {"batch-size": settings.batch_size, "seed": settings.training_seed}
        if self.name == CLASSIFICATION:
            return {
                **common,
                "architecture": settings.classifier_architecture,
                "epochs": settings.classifier_epochs,
                "image-size": settings.classifier_image_size,
            }
        return {
            **common,
            "base-channels": settings.segmenter_base_channels,
            "depth": settings.segmenter_depth,
            "epochs": settings.segmenter_epochs,
            "image-size": settings.segmenter_image_size,
        }

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
            "test:accuracy",
            "test:macro_f1",
        ),
        content_type="application/json",
        uses_pretrained_weights=True,
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
            "test:lesion_dice",
            "test:lesion_iou",
            "test:normal_false_mask_rate",
        ),
        content_type="image/png",
        uses_pretrained_weights=False,
    ),
}


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
