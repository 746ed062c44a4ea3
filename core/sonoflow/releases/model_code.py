"""The model code that a function carries: model_code/, as its pyproject.toml installs it."""

from __future__ import annotations

import importlib.resources
import json
from importlib.resources.abc import Traversable
from typing import Any

from sonoflow.options import Declaration

PACKAGE = "sonoflow_model_code"


def folder() -> Traversable:
    return importlib.resources.files(PACKAGE)


def hyperparameters(model: str, code: Traversable) -> dict[str, Declaration]:
    """What a model's training script takes, by name, as `code` declares it."""
    document: dict[str, Any] = json.loads((code / "hyperparameters.json").read_text("utf-8"))
    return {**document["common"], **document[model]}
