"""Which pixels of an image belong to a lesion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sonoflow import settings
from sonoflow.releases.floors import Floor, Floors
from sonoflow.releases.script_task import Script, ScriptTask

if TYPE_CHECKING:
    from sonoflow.comparing.comparison import Comparison
    from sonoflow.judging.probes import Probed


class Segmentation(ScriptTask):
    name = "segmentation"
    model = "segmenter"
    program = "train_segmenter.py"
    network = "encoder"
    metrics = (
        "train:loss",
        "validation:loss",
        "validation:lesion_dice",
        "validation:lesion_iou",
        "validation:mean_agreement",
        "test:lesion_dice",
        "test:lesion_iou",
        "test:normal_false_mask_rate",
    )
    objective = "validation:mean_agreement"
    response_types = ("image/png",)

    @classmethod
    def script(cls, environment: Mapping[str, str] | None) -> Script:
        given = settings.read(settings.Segmenter, environment)
        return Script(
            parameter="SegmenterHyperparameters",
            text=given.segmenter_hyperparameters,
            apart={
                "epochs": ("SegmenterEpochs", given.segmenter_epochs),
                "image-size": ("SegmenterImageSize", given.segmenter_image_size),
            },
        )

    @classmethod
    def weights_given(cls, training: settings.Training) -> str:
        return training.segmenter_weights_uri

    @staticmethod
    def floors(gates: settings.Gates, text: str = "{}") -> Floors:
        return Floors(
            parameter="SegmenterFloors",
            known={
                "lesion-missed-rate": Floor("lesion_missed_rate", maximum=True),
                "normal-false-mask-rate": Floor("normal_false_mask_rate", maximum=True),
            },
            apart={"lesion-dice": ("MinimumLesionDice", gates.minimum_lesion_dice)},
            text=text,
        )

    @staticmethod
    def compare(
        payload: Mapping[str, Any], seconds_left: Callable[[], float], last: bool
    ) -> Comparison | None:
        from sonoflow.comparing import image_comparisons

        return image_comparisons.compare(
            image_comparisons.Segmentation, payload, seconds_left, last
        )

    @staticmethod
    def probe(payload: Mapping[str, Any]) -> Probed:
        from sonoflow.judging import image_probes

        return image_probes.segmenter(payload)
