"""Which class does an image belong to: benign, malignant, normal, or whatever a data set has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sonoflow import settings
from sonoflow.releases.floors import Floor, Floors
from sonoflow.releases.script_task import Script, ScriptTask

if TYPE_CHECKING:
    from sonoflow.comparing.comparison import Comparison
    from sonoflow.judging.probes import Probed


class Classification(ScriptTask):
    name = "classification"
    model = "classifier"
    program = "train_classifier.py"
    network = "architecture"
    metrics = (
        "train:loss",
        "validation:loss",
        "validation:accuracy",
        "validation:macro_f1",
        "validation:likelihood",
        "test:accuracy",
        "test:macro_f1",
        "test:macro_auc",
        "test:ece",
    )
    objective = "validation:likelihood"
    response_types = ("application/json",)

    @classmethod
    def script(cls, environment: Mapping[str, str] | None) -> Script:
        given = settings.read(settings.Classifier, environment)
        return Script(
            parameter="ClassifierHyperparameters",
            text=given.classifier_hyperparameters,
            apart={
                "architecture": ("ClassifierArchitecture", given.classifier_architecture),
                "epochs": ("ClassifierEpochs", given.classifier_epochs),
                "image-size": ("ClassifierImageSize", given.classifier_image_size),
            },
        )

    @classmethod
    def weights_given(cls, training: settings.Training) -> str:
        return training.pretrained_weights_uri

    @staticmethod
    def floors(gates: settings.Gates, text: str = "{}") -> Floors:
        return Floors(
            parameter="ClassifierFloors",
            known={
                "macro-f1": Floor("macro_f1"),
                "macro-auc": Floor("macro_auc"),
                "malignant-sensitivity": Floor("malignant_sensitivity", classes=("malignant",)),
                "malignant-auc": Floor("malignant_auc", classes=("benign", "malignant")),
            },
            apart={"accuracy": ("MinimumAccuracy", gates.minimum_accuracy)},
            text=text,
        )

    @staticmethod
    def compare(
        payload: Mapping[str, Any], seconds_left: Callable[[], float], last: bool
    ) -> Comparison | None:
        from sonoflow.comparing import image_comparisons

        return image_comparisons.compare(
            image_comparisons.Classification, payload, seconds_left, last
        )

    @staticmethod
    def probe(payload: Mapping[str, Any]) -> Probed:
        from sonoflow.judging import image_probes

        return image_probes.classifier(payload)
