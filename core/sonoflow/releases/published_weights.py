"""Weights that networks start from, as published with a package and as safetensors in the bucket.

The package brings a state dictionary that torch has pickled. Nothing here unpickles, and torch is
not there: a file of a known SHA-256 always has its tensors at the same places, and those are in
`<network>.json` beside this module (tests/published_weights.py writes it).
"""

from __future__ import annotations

import hashlib
import importlib.resources
import itertools
import json
import math
from array import array
from pathlib import Path
from typing import Any, NamedTuple

from sonoflow import keys
from sonoflow.errors import WeightsAltered
from sonoflow.releases import written_once

NETWORKS = ("efficientnet_lite0",)
_FLOAT = "I"  # four bytes each, moved as they are


class Tensor(NamedTuple):
    """Where a tensor of float32 lies in the published file, strides in elements."""

    shape: list[int]
    strides: list[int]
    offset: int  # bytes


def store(bucket: str) -> dict[str, str]:
    """Write all weights, unless they are there. Their URIs by network. Raises WeightsAltered."""
    return {network: _store(network, bucket) for network in NETWORKS}


def _store(network: str, bucket: str) -> str:
    data = safetensors(network)
    key = keys.weights(hashlib.sha256(data).hexdigest())
    return written_once.store(bucket, key, data, "application/octet-stream", WeightsAltered)


def safetensors(network: str) -> bytes:
    """Always the same bytes. Raises WeightsAltered where the installed file is not the known one.

    The header tells source and licence. Batch normalisations' counters, all 0, are left out.
    """
    known = _known(network)
    published = _installed(known)
    header: dict[str, Any] = {"__metadata__": _origin(known)}
    chunks, position = [], 0
    for name, place in sorted(known["tensors"].items()):
        tensor = Tensor(*place)
        chunk = _contiguous(published, tensor)
        ends = [position, position + len(chunk)]
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": ends}
        chunks.append(chunk)
        position += len(chunk)
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    return b"".join([len(encoded).to_bytes(8, "little"), encoded, *chunks])


def _known(network: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name(f"{network}.json").read_text())
    return found


def _installed(known: dict[str, Any]) -> bytes:
    content: bytes = (importlib.resources.files(known["module"]) / known["file"]).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != known["sha256"]:
        raise WeightsAltered(
            f"{known['file']} of the installed {known['package']} is not the published file: its"
            f" SHA-256 is {found}, not {known['sha256']}. Nothing is trained with it."
        )
    return content


def _origin(known: dict[str, Any]) -> dict[str, str]:
    source = f"{known['package']} {known['version']} (PyPI), SHA-256 {known['sha256']}"
    return {"format": "pt", "source": source, "licence": known["licence"]}


def _contiguous(published: bytes, tensor: Tensor) -> bytes:
    """The tensor's bytes with its last dimension innermost, as safetensors wants it."""
    count = math.prod(tensor.shape)
    stored = array(_FLOAT, published[tensor.offset : tensor.offset + 4 * count])
    steps = [math.prod(tensor.shape[place + 1 :]) for place in range(len(tensor.shape))]
    if tensor.strides == steps:
        return stored.tobytes()
    # Whole runs of what lies together move at once: there are few of them.
    length, inner = max(
        (size, place) for place, size in enumerate(tensor.shape) if tensor.strides[place] == 1
    )
    outer = [place for place in range(len(tensor.shape)) if place != inner]
    ordered = array(_FLOAT, bytes(4 * count))
    for index in itertools.product(*(range(tensor.shape[place]) for place in outer)):
        begin = sum(i * tensor.strides[place] for i, place in zip(index, outer, strict=True))
        first = sum(i * steps[place] for i, place in zip(index, outer, strict=True))
        end = first + (length - 1) * steps[inner] + 1
        ordered[first : end : steps[inner]] = stored[begin : begin + length]
    return ordered.tobytes()
