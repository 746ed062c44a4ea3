"""Command-line arguments of the training scripts: hyperparameters, classes, identity and folders.

SageMaker hands hyperparameters over as `--name value` and folders in SM_* variables, which are the
folders' defaults here. A flag that no script knows is an error that names it.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from sonomodel import hyperparameters

FOLDERS = {
    "train": "SM_CHANNEL_TRAIN",
    "validation": "SM_CHANNEL_VALIDATION",
    "test": "SM_CHANNEL_TEST",
    "model-dir": "SM_MODEL_DIR",
    "output-data-dir": "SM_OUTPUT_DATA_DIR",
}


def parsed(description: str | None, model: str, argv: Sequence[str] | None) -> argparse.Namespace:
    """`model`: "classifier" or "segmenter". What is wrong ends the script, and is said."""
    options = training_parser(description, model).parse_args(argv)
    hyperparameters.complete(options, model)
    return options


def training_parser(description: str | None, model: str) -> argparse.ArgumentParser:
    """`model`: "classifier" or "segmenter". Hyperparameters that are not given are not there."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--classes", type=class_names, required=True, help="JSON list")
    hyperparameters.add_flags(parser, model)
    parser.add_argument("--model-name", default=model)
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
    parser.add_argument(
        "--weights",
        type=Path,
        default=os.environ.get("SM_CHANNEL_WEIGHTS"),
        help="file or folder; SM_CHANNEL_WEIGHTS",
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
    given = Path(os.environ.get("SM_INPUT_CONFIG_DIR", "")) / "hyperparameters.json"
    return given.is_file() and "_tuning_objective_metric" in json.loads(given.read_text("utf-8"))


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
