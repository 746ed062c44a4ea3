"""Asking the models' endpoints, and holding them to what they have agreed to answer."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from sonoflow.errors import EndpointResponseInvalid
from sonoflow.images.pixels import Pixels
from sonoflow.inference.invocations import invoke

MODEL_CHUNK = "sonoflow-model"  # text chunk of a segmenter's PNG that names the model
_SUM_TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True)
class Model:
    """Which model answered."""

    name: str
    version: str
    endpoint: str
    dataset_version: str | None = None  # that it was trained on, where it says so


@dataclasses.dataclass(frozen=True)
class Triage:
    """What a classifier says of its own certainty."""

    # From this probability on its labels need no person; None: from none on.
    threshold: float | None


@dataclasses.dataclass(frozen=True)
class Classified:
    label: str
    probabilities: dict[str, float]
    model: Model
    triage: Triage | None = None  # of a model that says nothing of it
    unlike_training: bool = False  # the model says that the image is unlike those it has seen


@dataclasses.dataclass(frozen=True)
class Segmented:
    probabilities: Pixels  # 128 is the model's threshold
    model: Model


def classify(endpoint: str, png: bytes) -> Classified:
    """Raises EndpointResponseInvalid; errors of the call itself escape."""
    answer = invoke(endpoint, png, "image/png", "application/json")
    try:
        document = json.loads(answer)
        label, model = document["label"], document["model"]
        probabilities = {str(name): float(p) for name, p in document["probabilities"].items()}
        triage = _triage(document.get("triage"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EndpointResponseInvalid(f"{endpoint} gave no classification: {error!r}") from error
    if label not in probabilities:
        raise EndpointResponseInvalid(f"{endpoint} gave no probability of its label {label!r}")
    total = sum(probabilities.values())
    if not abs(total - 1) <= _SUM_TOLERANCE:
        raise EndpointResponseInvalid(f"{endpoint} gave probabilities that sum to {total}, not 1")
    unlike = document.get("unlike_training_data") is True
    return Classified(label, probabilities, _model(endpoint, model), triage, unlike)


def segment(endpoint: str, png: bytes, size: tuple[int, int]) -> Segmented:
    """`size` is (width, height). Raises EndpointResponseInvalid; errors of the call escape."""
    answer = invoke(endpoint, png, "image/png", "image/png")
    try:
        image = Image.open(io.BytesIO(answer), formats=("PNG",))
        image.load()
        model = json.loads(image.info[MODEL_CHUNK])
    except (OSError, SyntaxError, ValueError) as error:
        raise EndpointResponseInvalid(f"{endpoint} gave no PNG image: {error!r}") from error
    except KeyError as error:
        message = f"{endpoint} gave a PNG that does not name its model"
        raise EndpointResponseInvalid(message) from error
    if (image.mode, image.size) != ("L", size):
        message = f"{endpoint} gave a mask of {image.mode}, {image.size}, not of L, {size}"
        raise EndpointResponseInvalid(message)
    return Segmented(np.asarray(image), _model(endpoint, model))


def _triage(document: Any) -> Triage | None:
    """Raises ValueError, KeyError or TypeError."""
    if document is None:
        return None
    threshold = document["threshold"]
    if threshold is None:
        return Triage(None)
    if not 0 <= float(threshold) <= 1:
        raise ValueError(f"a threshold of {threshold}")
    return Triage(float(threshold))


def _model(endpoint: str, document: Any) -> Model:
    if isinstance(document, Mapping):
        name, version = document.get("name"), document.get("version")
        dataset = document.get("dataset_version")
        if isinstance(name, str) and isinstance(version, str):
            return Model(name, version, endpoint, dataset if isinstance(dataset, str) else None)
    raise EndpointResponseInvalid(f"{endpoint} does not say which model answered: {document!r}")
