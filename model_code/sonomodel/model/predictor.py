"""A trained network with everything around it: grey image in, answer at source size out.

Serving and the evaluation on the test split both go through here, so that the figures reported are
those of what is served.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sonomodel.errors import ModelError
from sonomodel.images.preprocessing import GreyImage, Letterbox
from sonomodel.model.card import ModelCard, read_card
from sonomodel.model.familiarity import Familiarity, features_of
from sonomodel.model.rule import presence_of
from sonomodel.networks import backbones, test_time_flip, weights
from sonomodel.networks.classifier import ClassifierConfig, build_classifier
from sonomodel.networks.encoder_unet import build_segmenter
from sonomodel.networks.unet import LesionLogits, UNetConfig

WEIGHTS_FILE = "weights.safetensors"
THRESHOLD_LEVEL = 128  # the grey level of a lesion map that stands for the decision threshold


class Predictor:
    """Float32 whatever the training used, so that answers do not depend on the processor."""

    def __init__(self, network: nn.Module, card: ModelCard) -> None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        self.network = network.to(self.device).eval()
        self.card = card

    @torch.inference_mode()
    def logits(
        self,
        image: GreyImage,
        letterbox: Letterbox,
        network: Callable[[Tensor], Any] | None = None,
    ) -> Any:
        """Tensor [1, classes] or LesionLogits of one image, as the network gives them, or as what
        watches it hands on."""
        frame = torch.from_numpy(letterbox.fit(image)).to(self.device)
        normalisation = self.card.normalisation
        pixels = (frame.float() / 255 - normalisation.mean) / normalisation.std
        return test_time_flip.logits(
            network or self.network, pixels[None, None], flip=self.card.test_time_flip
        )

    def letterbox(self, image: GreyImage) -> Letterbox:
        return Letterbox(image.shape[1], image.shape[0], self.card.image_size)


@dataclasses.dataclass(frozen=True)
class Answer:
    """A classifier's."""

    probabilities: dict[str, float]  # by class; they add up to 1
    # Whether the image is unlike those that training saw; None of a model that cannot tell.
    unlike_training: bool | None

    @property
    def label(self) -> str:
        return max(self.probabilities, key=lambda name: self.probabilities[name])


class Classifier(Predictor):
    def __init__(
        self, network: nn.Module, card: ModelCard, familiarity: Familiarity | None = None
    ) -> None:
        super().__init__(network, card)
        self.familiarity = familiarity

    def answer(self, image: GreyImage) -> Answer:
        seen: list[Tensor] = []

        def network(images: Tensor) -> Tensor:
            levels = backbones.levels(self.network, images)
            seen.append(features_of(levels))
            return backbones.classify(self.network, levels[-1])

        watched = network if self.familiarity else None
        logits: Tensor = self.logits(image, self.letterbox(image), watched)[0].cpu().double()
        values = torch.softmax(logits / self.card.temperature, dim=0).tolist()
        probabilities = dict(zip(self.card.classes, values, strict=True))
        return Answer(probabilities, self._is_unlike(seen[0].cpu()) if seen else None)

    def probabilities(self, image: GreyImage) -> dict[str, float]:
        """Class -> probability; they add up to 1."""
        return self.answer(image).probabilities

    def _is_unlike(self, features: Tensor) -> bool | None:
        if self.familiarity is None or self.card.familiarity is None:
            return None
        threshold: float = self.card.familiarity["threshold"]
        return bool(self.familiarity.distances(features)[0] > threshold)


class Segmenter(Predictor):
    def lesion_map(self, image: GreyImage) -> GreyImage:
        """The lesion's probability per pixel, of the image's size, so scaled that 128 is the
        model's threshold: `lesion_map >= 128` is the predicted mask. What the model's rule takes
        out of the mask ends at 127."""
        letterbox, rule = self.letterbox(image), self.card.lesion_rule()
        logits: LesionLogits = self.logits(image, letterbox).detached()
        frame = torch.sigmoid(logits.mask)[0, 0].numpy()
        head = None if logits.presence is None else float(logits.presence[0])
        presence = None if head is None else presence_of(frame, head)
        probabilities = letterbox.restore(frame)
        levels = scale_to_threshold(probabilities, rule.threshold)
        if not rule.finds_lesion(frame, presence):
            return np.minimum(levels, THRESHOLD_LEVEL - 1)
        kept = rule.mask(probabilities)
        return np.where(kept, levels, np.minimum(levels, THRESHOLD_LEVEL - 1)).astype(np.uint8)


def scale_to_threshold(probabilities: NDArray[np.float32], threshold: float) -> GreyImage:
    """0 to `threshold` onto 0 to 127, `threshold` to 1 onto 128 to 255; linear in each part."""
    below = np.floor(probabilities * (THRESHOLD_LEVEL / threshold)).clip(0, THRESHOLD_LEVEL - 1)
    slope = (255 - THRESHOLD_LEVEL) / (1 - threshold)
    above = (THRESHOLD_LEVEL + np.round((probabilities - threshold) * slope)).clip(0, 255)
    return np.where(probabilities >= threshold, above, below).astype(np.uint8)


def load_predictor(folder: Path) -> Classifier | Segmenter:
    """The model in a directory as `artifact` writes it."""
    card = read_card(folder)
    predictor: Classifier | Segmenter
    if card.task == "classification":
        known = None if card.familiarity is None else Familiarity.load(folder)
        predictor = Classifier(build_classifier(ClassifierConfig(**card.network)), card, known)
    elif card.task == "segmentation":
        predictor = Segmenter(build_segmenter(UNetConfig(**card.network)), card)
    else:
        raise ModelError(f"model.json names the unknown task {card.task!r}")
    weights.restore(predictor.network, weights.load(folder / WEIGHTS_FILE))
    return predictor
