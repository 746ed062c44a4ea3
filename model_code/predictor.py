"""A trained network with everything around it: grey image in, answer at source size out.

Serving and the evaluation on the test split both go through here, so that the figures reported are
those of what is served.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import weights
from errors import ModelError
from model_card import ModelCard, read_card
from networks import ResNetConfig, UNet, UNetConfig, build_resnet
from preprocessing import GreyImage, Letterbox

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
    def logits(self, image: GreyImage, letterbox: Letterbox) -> Tensor:
        """[1, classes] or [1, 1, side, side], on the CPU."""
        frame = torch.from_numpy(letterbox.fit(image)).to(self.device)
        normalisation = self.card.normalisation
        pixels = (frame.float() / 255 - normalisation.mean) / normalisation.std
        outputs: Tensor = self.network(pixels[None, None])
        return outputs.float().cpu()

    def letterbox(self, image: GreyImage) -> Letterbox:
        return Letterbox(image.shape[1], image.shape[0], self.card.image_size)


class Classifier(Predictor):
    def probabilities(self, image: GreyImage) -> dict[str, float]:
        """Class -> probability; they add up to 1."""
        logits = self.logits(image, self.letterbox(image))[0]
        values = torch.softmax(logits.double(), dim=0).tolist()
        return dict(zip(self.card.classes, values, strict=True))


class Segmenter(Predictor):
    def lesion_map(self, image: GreyImage) -> GreyImage:
        """The lesion's probability per pixel, of the image's size, so scaled that 128 is the
        model's threshold: `lesion_map >= 128` is the predicted mask."""
        letterbox = self.letterbox(image)
        probabilities = torch.sigmoid(self.logits(image, letterbox))[0, 0].numpy()
        if self.card.threshold is None:
            raise ModelError("a segmenter's model.json needs a threshold")
        return scale_to_threshold(letterbox.restore(probabilities), self.card.threshold)


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
        predictor = Classifier(build_resnet(ResNetConfig(**card.network)), card)
    elif card.task == "segmentation":
        predictor = Segmenter(UNet(UNetConfig(**card.network)), card)
    else:
        raise ModelError(f"model.json names the unknown task {card.task!r}")
    weights.restore(predictor.network, weights.load(folder / WEIGHTS_FILE))
    return predictor
