"""Serves a model's ASGI application behind the runtime's door: `python -P model_door.py serve:app`.

Run as a file and not as a module: the process finds what PYTHONPATH names, the model's own folders,
and must not find this repository's packages there, as it would not on AWS.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import uvicorn
from uvicorn.importer import import_from_string

_DOORKEEPER = Path(__file__).resolve().parents[2] / "runtime" / "doorkeeper.py"


def main(application: str) -> None:
    door = _doorkeeper().AsgiDoor(import_from_string(application))
    uvicorn.run(door, host="127.0.0.1", port=0, access_log=False, lifespan="auto")


def _doorkeeper() -> ModuleType:
    """The module, without the package that it is in."""
    specification = importlib.util.spec_from_file_location("_sonoflow_doorkeeper", _DOORKEEPER)
    assert specification is not None and specification.loader is not None  # noqa: S101 - a file
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # where dataclasses looks for it
    specification.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(sys.argv[1])
