"""The smallest deployment there is, by the SAM CLI."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path

from operations.account import Unfinished

INSTANCE = "ml.m5.large"
# As small as phantoms allow, with gates that a model which learned nothing does not pass.
PARAMETERS = {
    "ClassifierArchitecture": "resnet18",
    "ClassifierImageSize": "64",
    "ClassifierEpochs": "24",
    "ClassifierHyperparameters": '{"batch-size": 8}',
    "SegmenterImageSize": "96",
    "SegmenterEpochs": "20",
    "SegmenterHyperparameters": '{"base-channels": 8, "batch-size": 8}',
    "TrainingInstanceType": INSTANCE,
    "TrainingMaxRuntimeSeconds": "3600",
    "TableInstanceType": INSTANCE,
    "HostingInstanceType": INSTANCE,
    "ScalingMaximum": "1",
    "MinimumAccuracy": "0.5",
    "MinimumLesionDice": "0.5",
    "EndpointPollSeconds": "10",
    "PredictTimeout": "60",
    "PredictTableTimeout": "60",
    "LogRetentionDays": "1",
}


def new_name() -> str:
    """Of a stack that nobody has: in lower case, and short, because names are made of it."""
    return f"sonoflow-smoke-{secrets.token_hex(3)}"


def deploy(root: Path, sam: Path, template: Path, stack: str, parameters: dict[str, str]) -> None:
    """Deploy what `sam build` has built. Raises Unfinished; the CLI has said why."""
    command = [
        *(str(sam), "deploy", "--template-file", str(template.resolve())),
        *("--config-file", str(root / "samconfig.toml"), "--stack-name", stack, "--no-progressbar"),
        "--parameter-overrides",
        *(f"{name}={quoted(value)}" for name, value in parameters.items()),
    ]
    done = subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise Unfinished(f"sam deploy failed with exit status {done.returncode}")


def quoted(value: str) -> str:
    """As the SAM CLI reads a value: in double quotes, with those in it behind backslashes, which no
    value may end in."""
    return '"' + value.replace('"', '\\"') + '"'
