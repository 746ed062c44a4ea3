"""SageMaker's built-in algorithms: containers that need no code, and that the service knows.

The service reads their metrics without being told how, and refuses other definitions. They tell
errors of the caller from their own by their exit code.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.sagemaker.container_layout import Layout
from local.sagemaker.images import Contract
from local.sagemaker.linear_learner.log import metric_definitions
from local.sagemaker.training.script_failure import ErrorExcerpt, error_message

_ROOT = Path(__file__).resolve().parents[3]
PYTHON_PATH = os.pathsep.join([str(_ROOT), str(_ROOT / "core")])  # where the algorithms' code is
CUSTOMER_ERROR = 2  # exit code for what the caller can put right


@dataclasses.dataclass(frozen=True)
class Algorithm:
    """Where the laptop's implementation of an algorithm is."""

    package: str  # `python -m package train DIRECTORY`
    application: str  # ASGI, asked at /invocations
    metric_definitions: Callable[[], list[dict[str, str]]]


ALGORITHMS = {
    Contract.LINEAR_LEARNER: Algorithm(
        package="local.sagemaker.linear_learner",
        application="local.sagemaker.linear_learner.serve:application",
        metric_definitions=metric_definitions,
    )
}


@dataclasses.dataclass(frozen=True)
class AlgorithmRun:
    """A training job's run of an algorithm, with everything that its process is handed."""

    algorithm: Algorithm
    layout: Layout
    hyperparameters: Mapping[str, str]  # as requested
    input_data_config: Mapping[str, Mapping[str, str]]  # by channel
    resource_config: Mapping[str, Any]
    cpus: int

    opening = "Docker entrypoint called with argument(s): train"

    @property
    def working_directory(self) -> Path:
        return self.layout.base

    def command(self) -> list[str]:
        # -P: no directory of the job is a place to import from
        return [sys.executable, "-P", "-m", self.algorithm.package, "train", str(self.layout.base)]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": PYTHON_PATH}

    def failure_text(self, exit_code: int, excerpts: Sequence[ErrorExcerpt]) -> str:
        """For `output/failure`, where the algorithm itself left none: it has crashed."""
        return f"The algorithm ended unexpectedly.\n{error_message(excerpts)}"

    def failure_reason(self, exit_code: int, text: str, length: int) -> str:
        kind = "ClientError" if exit_code == CUSTOMER_ERROR else "AlgorithmError"
        suffix = f", exit code: {exit_code}"
        return f"{kind}: {text}"[: length - len(suffix)] + suffix
