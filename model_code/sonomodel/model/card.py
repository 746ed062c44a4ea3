"""model.json: what a model is, where it comes from and how it is to be used."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from sonomodel.errors import ModelError
from sonomodel.images.preprocessing import Normalisation
from sonomodel.model.rule import LesionRule

FILE = "model.json"
SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class ModelCard:
    task: str  # classification or segmentation
    name: str
    version: str
    architecture: str  # resnet18 …, unet, resnet18_unet …
    network: dict[str, Any]  # the fields of the network's configuration
    classes: list[str]  # in the order of the classifier's outputs
    image_size: int  # side of the network's frame, pixels
    normalisation: Normalisation
    threshold: float | None  # lesion probability from which a pixel is lesion; segmentation only
    dataset_version: str
    code_digest: str
    torch_version: str
    hyperparameters: dict[str, Any]
    # What training started from: sha256, source, licence. None: from scratch, or an older file.
    pretrained: dict[str, str | None] | None = None
    # Decided on the validation split. The defaults decide nothing, as in older files.
    temperature: float = 1.0  # what logits are divided by; classification
    minimum_presence: float = 0.0  # see LesionRule; segmentation
    minimum_area: float = 0.0  # see LesionRule
    largest_component: bool = False  # see LesionRule
    test_time_flip: bool = False  # answers are averaged with the mirror image's
    triage: dict[str, Any] | None = None  # whose answers need no person; see evaluation.triage
    familiarity: dict[str, Any] | None = None  # which images are unlike; see model.familiarity
    metrics: dict[str, Any] = dataclasses.field(default_factory=dict)  # of the test split
    schema_version: int = SCHEMA_VERSION

    def identity(self) -> dict[str, str]:
        """What every response carries."""
        return {
            "name": self.name,
            "version": self.version,
            "task": self.task,
            "architecture": self.architecture,
            "dataset_version": self.dataset_version,
        }

    def lesion_rule(self) -> LesionRule:
        """Raises ModelError for a model without threshold."""
        if self.threshold is None:
            raise ModelError("a segmenter's model.json needs a threshold")
        return LesionRule(
            self.threshold, self.minimum_presence, self.minimum_area, self.largest_component
        )

    def with_rule(self, rule: LesionRule) -> ModelCard:
        return dataclasses.replace(self, **dataclasses.asdict(rule))

    def write(self, folder: Path) -> None:
        content = json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True)
        (folder / FILE).write_text(content + "\n", encoding="utf-8")


def read_card(folder: Path) -> ModelCard:
    path = folder / FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        normalisation = Normalisation(**fields.pop("normalisation"))
        card = ModelCard(normalisation=normalisation, **fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{path} does not describe a model: {error}") from error
    if card.schema_version != SCHEMA_VERSION:
        raise ModelError(
            f"{path} has the schema version {card.schema_version}, this code reads {SCHEMA_VERSION}"
        )
    return card
