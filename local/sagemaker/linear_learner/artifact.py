"""The model as files: `model.safetensors` holds the numbers, `model.json` what they mean.

This is a format of the laptop runtime's own; the built-in algorithm writes one of MXNet's. Neither
container can read the other's. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.model import Model

FORMAT = "sonoflow-linear-learner"
VERSION = 1
WEIGHTS, DOCUMENT = "model.safetensors", "model.json"
_F64 = np.dtype("<f8")
Floats = npt.NDArray[np.float64]


class ArtifactInvalid(Exception):
    """A directory that holds no model of this format."""


def save(directory: Path, model: Model, training: Mapping[str, Any]) -> None:
    """Write the model; `training` is kept in `model.json` for whoever reads it."""
    tensors = {"bias": model.bias, "weights": model.weights}
    (directory / WEIGHTS).write_bytes(_encoded(tensors))
    document = {
        "format": FORMAT,
        "version": VERSION,
        "predictor_type": model.predictor_type,
        "loss": model.loss,
        "threshold": model.threshold,  # on the linear score, not on the probability
        "training": dict(training),
    }
    (directory / DOCUMENT).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def load(directory: Path) -> Model:
    """Raises ArtifactInvalid, saying what is wrong with the directory."""
    try:
        document = json.loads((directory / DOCUMENT).read_text(encoding="utf-8"))
        if (document["format"], document["version"]) != (FORMAT, VERSION):
            raise ArtifactInvalid(
                f"{DOCUMENT} says {document['format']!r}, version {document['version']!r}; "
                f"known is {FORMAT!r}, version {VERSION}."
            )
        tensors = _decoded((directory / WEIGHTS).read_bytes())
        return Model(
            predictor_type=str(document["predictor_type"]),
            loss=str(document["loss"]),
            weights=tensors["weights"],
            bias=tensors["bias"],
            threshold=document["threshold"],
        )
    except FileNotFoundError as error:
        raise ArtifactInvalid(
            f"The model archive holds no {Path(str(error.filename)).name}."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactInvalid(f"The model archive is damaged: {error!r}") from error


def _encoded(tensors: Mapping[str, Floats]) -> bytes:
    """safetensors: the header's length in 8 bytes, the header in JSON, the numbers."""
    header: dict[str, Any] = {}
    position = 0
    for name, tensor in tensors.items():
        end = position + tensor.size * _F64.itemsize
        offsets = [position, end]
        header[name] = {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": offsets}
        position = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)  # aligned, as the format wants it
    numbers = b"".join(tensor.astype(_F64).tobytes() for tensor in tensors.values())
    return len(encoded).to_bytes(8, "little") + encoded + numbers


def _decoded(data: bytes) -> dict[str, Floats]:
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    numbers = data[8 + length :]
    tensors: dict[str, Floats] = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        shape = entry["shape"]
        if entry["dtype"] != "F64" or end - start != math.prod(shape) * _F64.itemsize:
            raise ValueError(f"tensor {name} is no array of float64 of shape {shape}")
        tensors[name] = np.frombuffer(numbers[start:end], _F64).reshape(shape).astype(np.float64)
    return tensors
