"""Container images and what stands for them on a laptop, where no container runs.

An image is known by the repository and tag that follow its registry host. To add one (a built-in
algorithm, say), give it an entry here and a module that keeps its contract.
"""

from __future__ import annotations

import enum
import fnmatch


class Contract(enum.Enum):
    """What a container promises."""

    SCRIPT_MODE = "script mode training"  # local/script_mode.py
    RAY_SERVE = "Ray Serve hosting"  # local/endpoint_server.py


class UnknownImage(ValueError):
    """An image that the laptop runtime has no equivalent for."""


IMAGES = {
    "pytorch:2.13-*-amzn2023-sagemaker": Contract.SCRIPT_MODE,
    "pytorch-training:*": Contract.SCRIPT_MODE,
    "ray:serve-ml-sagemaker-*": Contract.RAY_SERVE,
}


def contract_of(image: str, wanted: Contract) -> None:
    """Check that `image` keeps the contract that a request needs. Raises UnknownImage."""
    name = image.rpartition("/")[2]
    for pattern, contract in IMAGES.items():
        if fnmatch.fnmatchcase(name, pattern) and contract is wanted:
            return
    known = ", ".join(pattern for pattern, contract in IMAGES.items() if contract is wanted)
    raise UnknownImage(
        f"The image {image!r} is not known to the laptop runtime for {wanted.value}; "
        f"it knows {known}."
    )
