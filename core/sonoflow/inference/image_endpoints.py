"""Asking the models' endpoints, and holding them to what they have agreed to answer."""

from __future__ import annotations

import dataclasses
import io
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from sonoflow.aws.clients import client
from sonoflow.errors import EndpointResponseInvalid
from sonoflow.images.pixels import Pixels
from sonoflow.inference.invocations import invoke

MODEL_CHUNK = "sonoflow-model"  # text chunk of a segmenter's PNG that names the model
_SUM_TOLERANCE = 1e-3

T = TypeVar("T")


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


@dataclasses.dataclass(frozen=True)
class Answers:
    """What both models say of one image, and how long each took, in seconds."""

    classified: Classified
    segmented: Segmented
    classification_seconds: float
    segmentation_seconds: float


def ask(classifier: str, segmenter: str, png: bytes, size: tuple[int, int]) -> Answers:
    """Asks both models at the same time, so that an image takes as long as the slower of them.

    `size` is (width, height). Raises what `classify` raises, or else what `segment` raises, when
    both have ended; where both fail, the error that is raised has a note of the other.
    """
    client("sagemaker-runtime")  # made here: threads must not make it at the same time
    with ThreadPoolExecutor(2) as both:
        classification = both.submit(_timed, classify, classifier, png)
        segmentation = both.submit(_timed, segment, segmenter, png, size)
    first, second = classification.exception(), segmentation.exception()
    if first is not None and second is not None:
        first.add_note(f"{segmenter} failed too: {second!r}")
    classified, classification_seconds = classification.result()
    segmented, segmentation_seconds = segmentation.result()
    return Answers(classified, segmented, classification_seconds, segmentation_seconds)


def _timed(asked: Callable[..., T], *arguments: Any) -> tuple[T, float]:
    begun = time.perf_counter()
    return asked(*arguments), time.perf_counter() - begun


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
