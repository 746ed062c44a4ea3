"""Container images and what stands for them on a laptop, where no container runs.

An image is known by the repository and tag that follow its registry host. To add one, give it an
entry here and a module that keeps its contract.
"""

from __future__ import annotations

import enum
import fnmatch
from collections.abc import Collection


class Contract(enum.Enum):
    """What a container promises."""

    SCRIPT_MODE = "script mode"  # training/script_mode.py
    RAY_SERVE = "Ray Serve"  # hosting/model_server.py
    LINEAR_LEARNER = "Linear Learner"  # linear_learner/


class UnknownImage(ValueError):
    """An image that the laptop runtime has no equivalent for."""


IMAGES = {
    "pytorch:2.13-*-amzn2023-sagemaker": Contract.SCRIPT_MODE,
    "pytorch-training:*": Contract.SCRIPT_MODE,
    "ray:serve-ml-sagemaker-*": Contract.RAY_SERVE,
    "linear-learner:*": Contract.LINEAR_LEARNER,
}
TRAINING = (Contract.SCRIPT_MODE, Contract.LINEAR_LEARNER)
HOSTING = (Contract.RAY_SERVE, Contract.LINEAR_LEARNER)


def training_contract(image: str) -> Contract:
    """What the image promises a training job. Raises UnknownImage."""
    return _contract(image, TRAINING, "training")


def hosting_contract(image: str) -> Contract:
    """What the image promises an endpoint. Raises UnknownImage."""
    return _contract(image, HOSTING, "hosting")


def _contract(image: str, usable: Collection[Contract], purpose: str) -> Contract:
    name = image.rpartition("/")[2]
    for pattern, contract in IMAGES.items():
        if contract in usable and fnmatch.fnmatchcase(name, pattern):
            return contract
    known = ", ".join(pattern for pattern, contract in IMAGES.items() if contract in usable)
    raise UnknownImage(
        f"The image {image!r} is not known to the laptop runtime for {purpose}; it knows {known}."
    )
