"""Command-line arguments of the training scripts: hyperparameters and folders.

SageMaker hands hyperparameters over as `--name value` and folders in SM_* variables, which are the
folders' defaults here. A flag that no script knows is an error that names it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

from sonomodel.diagnostics.rules import NAMES
from sonomodel.images.augmentation import STRENGTHS

FOLDERS = {
    "train": "SM_CHANNEL_TRAIN",
    "validation": "SM_CHANNEL_VALIDATION",
    "test": "SM_CHANNEL_TEST",
    "model-dir": "SM_MODEL_DIR",
    "output-data-dir": "SM_OUTPUT_DATA_DIR",
}


def training_parser(description: str | None, model_name: str) -> argparse.ArgumentParser:
    """What both scripts take; each adds what its network needs."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--classes", type=class_names, required=True, help="JSON list")
    parser.add_argument("--epochs", type=positive, default=60)
    parser.add_argument("--batch-size", type=positive, default=16)
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="the highest")
    parser.add_argument("--weight-decay", type=float, default=1e-2)
    parser.add_argument("--patience", type=positive, default=15, help="epochs")
    parser.add_argument(
        "--ema-decay", type=share, default=0.999, help="of the weights' average; 0: no average"
    )
    parser.add_argument("--augmentation", choices=STRENGTHS, default="full")
    parser.add_argument(
        "--test-time-flip", type=switch, default=False, help="answers averaged with the mirror's"
    )
    parser.add_argument(
        "--stop-on",
        type=rule_names,
        default=(),
        help=f"diagnostic rules that end the job, with commas between, or none: {', '.join(NAMES)}",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model-name", default=model_name)
    parser.add_argument("--model-version", default="unreleased")
    parser.add_argument("--dataset-version", default="unknown")
    parser.add_argument("--code-digest", default="unknown")
    _add_folders(parser)
    return parser


def _add_folders(parser: argparse.ArgumentParser) -> None:
    for name, variable in FOLDERS.items():
        folder = os.environ.get(variable)
        parser.add_argument(
            f"--{name}", type=Path, default=folder, required=folder is None, help=variable
        )
    parser.add_argument(
        "--index",
        type=Path,
        default=os.environ.get("SM_CHANNEL_INDEX"),
        help="index.jsonl of the data set, or its folder: groups for the intervals",
    )
    parser.add_argument(
        "--checkpoint-dir",
        type=Path,
        default=mounted_checkpoints(),
        help="default: the folder that SageMaker mounts for a CheckpointConfig, if it does",
    )


def add_weights(parser: argparse.ArgumentParser) -> None:
    weights = os.environ.get("SM_CHANNEL_WEIGHTS")
    parser.add_argument(
        "--weights", type=Path, default=weights, help="file or folder; SM_CHANNEL_WEIGHTS"
    )


def mounted_checkpoints() -> Path | None:
    """SageMaker has no variable for it: /opt/ml/checkpoints, beside the model directory.

    The candidates of a tuning job share one CheckpointConfig: each has a folder of its own there.
    """
    model = os.environ.get("SM_MODEL_DIR")
    folder = Path(model).parent / "checkpoints" if model else None
    if folder is None or not folder.is_dir():
        return None
    return folder / os.environ["TRAINING_JOB_NAME"] if is_candidate() else folder


def is_candidate() -> bool:
    """Whether a tuning job runs this: its objective is among the job's hyperparameters then, which
    the toolkit keeps to itself."""
    told = Path(os.environ.get("SM_INPUT_CONFIG_DIR", "")) / "hyperparameters.json"
    return told.is_file() and "_tuning_objective_metric" in json.loads(told.read_text("utf-8"))


def hyperparameters(options: argparse.Namespace, names: Sequence[str] = ()) -> dict[str, object]:
    """Those that decide what is learnt, for the record in model.json."""
    kept = ["epochs", "batch_size", "learning_rate", "weight_decay", "patience", "ema_decay"]
    kept += ["augmentation", "test_time_flip", "seed", *names]
    return {name: getattr(options, name) for name in kept}


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 on")
    return value


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to below 1")
    return value


def rule_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip() not in ("", "none"))
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"there is no rule {unknown[0]!r}; choose from {', '.join(NAMES)}"
        )
    return names


def switch(text: str) -> bool:
    """SageMaker hands over text alone; its toolkit writes JSON's true as Python's True."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def class_names(text: str) -> list[str]:
    try:
        names = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON") from error
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise argparse.ArgumentTypeError(f"{text} is not a JSON list of class names")
    if len(set(names)) != len(names) or len(names) < 2:
        raise argparse.ArgumentTypeError(f"{text} needs at least two classes, all different")
    return names
