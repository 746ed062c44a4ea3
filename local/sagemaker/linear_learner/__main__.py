"""The container's command: `train`, with the directory that stands for /opt/ml.

Exit code 0; 2, with the reason in `output/failure`, for what the caller can put right.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from local.sagemaker.container_layout import Layout
from local.sagemaker.linear_learner import channels, dataset, hyperparameters
from local.sagemaker.linear_learner.dataset import Dataset
from local.sagemaker.linear_learner.errors import CustomerError
from local.sagemaker.linear_learner.hyperparameters import Hyperparameters
from local.sagemaker.linear_learner.log import CHANNELS, Progress, log

CUSTOMER_ERROR = 2


def train(layout: Layout) -> None:
    """Raises CustomerError."""
    given = _configuration(layout, "hyperparameters")
    settings = hyperparameters.parse(given)  # before torch is imported: refusals are quick
    configured = _configuration(layout, "inputdataconfig")
    channels.check(configured)
    data = {
        name: channels.read(name, layout.channel(name), configuration)
        for name, configuration in configured.items()
    }
    for name, one in data.items():
        dataset.check(name, one, settings, settings.feature_dim or data["train"].features)
    _fit(layout, settings, data, given)


def _fit(
    layout: Layout,
    settings: Hyperparameters,
    data: Mapping[str, Dataset],
    given: Mapping[str, str],
) -> None:
    import torch

    from local.sagemaker.linear_learner import metrics, training

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    log(f"Final configuration: {json.dumps({**_defaults(), **given})}")
    progress = Progress(data["train"].rows)
    fitted = training.fit(
        settings,
        data["train"],
        data.get("validation"),
        report=progress.epoch,
        stopped=_Termination(),
    )
    for channel in CHANNELS:
        if channel in data:
            progress.measures(channel, metrics.measure(fitted.model, data[channel], settings))
    progress.best(fitted.candidate)
    if "test" not in data:
        log("Test data is not provided.")
    facts = {
        "hyperparameters": dict(given),
        "candidate": vars(fitted.candidate),
        "epochs": fitted.epochs,
        "rows": {name: one.rows for name, one in data.items()},
    }
    fitted.model.save(layout.model, facts)


class _Termination:
    """Whether SIGTERM has come: the job is being stopped, and keeps what it has learnt."""

    def __init__(self) -> None:
        self._came = False
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = True

    def __call__(self) -> bool:
        return self._came


def _configuration(layout: Layout, name: str) -> Any:
    return json.loads((layout.config / f"{name}.json").read_text(encoding="utf-8"))


def _defaults() -> dict[str, str]:
    schema = hyperparameters.SCHEMA
    return {name: known.default for name, known in schema.items() if known.default is not None}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", choices=["train"])
    parser.add_argument("base", type=Path, help="stands for /opt/ml")
    layout = Layout(parser.parse_args(argv).base)
    try:
        train(layout)
    except CustomerError as error:
        (layout.output / "failure").write_text(str(error), encoding="utf-8")
        print(f"Customer Error: {error}", file=sys.stderr)
        return CUSTOMER_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main())
