"""What serves a model: the ASGI application that an image's contract stands for.

SageMaker's Ray Serve container reads `/opt/ml/model/config.yaml`, puts the model directory and its
`code` folder on PYTHONPATH, starts the application that `applications[0].import_path` names, and
passes `/invocations` on to the application's root with Content-Type and Accept.

Ray is not installed here. The rule instead: the import path `ray_app:deployment` names a module
that only wraps the ASGI application `serve:app`; that application is served. Any other import path
is an error (ASGI_APPLICATIONS is the place to add one).

A built-in algorithm brings its application along, which is asked at `/invocations` itself.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import yaml

from local.sagemaker.images import Contract
from local.sagemaker.training.builtin_algorithm import ALGORITHMS, PYTHON_PATH

ASGI_APPLICATIONS = {"ray_app:deployment": "serve:app"}


class ServingFailed(Exception):
    """The model cannot be served; the message becomes the endpoint's failure reason."""


@dataclasses.dataclass(frozen=True)
class Application:
    """What uvicorn is started with, and where it takes requests."""

    name: str
    python_path: str
    invocations_path: str


def application_of(contract: Contract, directory: Path) -> Application:
    """The application for a model archive that is unpacked in `directory`.

    Raises ServingFailed.
    """
    algorithm = ALGORITHMS.get(contract)
    if algorithm is not None:
        return Application(algorithm.application, PYTHON_PATH, "/invocations")
    python_path = f"{directory}{os.pathsep}{directory / 'code'}"
    return Application(_ray_application(directory), python_path, "/")


def _ray_application(directory: Path) -> str:
    try:
        config = yaml.safe_load((directory / "config.yaml").read_text())
        import_path = config["applications"][0]["import_path"]
    except FileNotFoundError:
        raise ServingFailed("The model archive holds no config.yaml.") from None
    except (yaml.YAMLError, KeyError, IndexError, TypeError) as error:
        raise ServingFailed(
            f"config.yaml names no applications[0].import_path: {error!r}"
        ) from error
    requirements = directory / "code" / "requirements.txt"
    if requirements.is_file() and requirements.read_text().strip():
        raise ServingFailed(
            "The model archive holds a code/requirements.txt. The laptop runtime installs "
            "nothing; add the packages to requirements.txt of the repository."
        )
    if import_path not in ASGI_APPLICATIONS:
        raise ServingFailed(
            f"The Ray Serve application {import_path!r} is not known to the laptop runtime; "
            f"it knows {', '.join(ASGI_APPLICATIONS)}."
        )
    return ASGI_APPLICATIONS[import_path]
