"""Linear Learner's log: its lines, and the metrics that SageMaker reads from them unasked.

Names and patterns of the metrics are those that the service attaches to a job with this image.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the server reads the definitions, and need not import torch for them
    from local.sagemaker.linear_learner.candidates import Candidate
    from local.sagemaker.linear_learner.metrics import Measure
    from local.sagemaker.linear_learner.training import Epoch

HOST = "algo-1"
CHANNELS = ("train", "validation", "test")
_OF_A_CHANNEL = {
    "objective_loss:final": r"\S+_objective <loss>",
    "mse": "mse <loss>",
    "absolute_loss": "absolute_loss <loss>",
    "binary_classification_accuracy": "binary_classification_accuracy <score>",
    "binary_f_beta": r"binary_f_\S+ <score>",
    "precision": "precision <score>",
    "recall": "recall <score>",
    "roc_auc_score": "roc_auc_score <score>",
    "multiclass_accuracy": "multiclass_accuracy <score>",
    "multiclass_top_k_accuracy": r"multiclass_top_k_accuracy_\S+ <score>",
    "dcg": "dcg <score>",
    "macro_recall": "macro_recall <score>",
    "macro_precision": "macro_precision <score>",
    "macro_f_beta": r"macro_f_\S+ <score>",
}
_ON_THE_WAY = {
    "train:progress": r"#progress_metric: host=\S+, completed (\S+) %",
    "train:throughput": r"#throughput_metric: host=\S+, train throughput=(\S+) records/second",
    "train:objective_loss": (
        r"#quality_metric: host=\S+, epoch=\S+, train \S+_objective <loss>=(\S+)"
    ),
    "validation:objective_loss": (
        r"#quality_metric: host=\S+, epoch=\S+, validation \S+_objective <loss>=(\S+)"
    ),
}


def metric_definitions() -> list[dict[str, str]]:
    """As in AlgorithmSpecification.MetricDefinitions."""
    definitions = dict(_ON_THE_WAY)
    for channel in CHANNELS:
        for name, pattern in _OF_A_CHANNEL.items():
            # The test channel is looked at once, so that its objective is final by nature.
            shown = name.removesuffix(":final") if channel == "test" else name
            regex = rf"#quality_metric: host=\S+, {channel} {pattern}=(\S+)"
            definitions[f"{channel}:{shown}"] = regex
    return [{"Name": name, "Regex": regex} for name, regex in definitions.items()]


class Progress:
    """Prints how training goes. Per epoch it is the first candidate's loss, as in the original."""

    def __init__(self, records: int) -> None:
        self._records = records
        self._began = time.monotonic()

    def epoch(self, epoch: Epoch) -> None:
        name = f"host={HOST}, epoch={epoch.number}"
        for channel, losses in (
            ("train", epoch.train_losses),
            ("validation", epoch.validation_losses),
        ):
            if losses is not None:
                loss = float(losses[0])
                log(f"#quality_metric: {name}, {channel} {epoch.objective} <loss>={loss:.12g}")
        followed = f"criteria={epoch.objective}, value={epoch.value:.12g}"
        log(f"#early_stopping_criteria_metric: {name}, {followed}")
        if epoch.improved:
            log(f"Epoch {epoch.number}: Loss improved. Updating best model")
        completed = 100 * (epoch.number + 1) // epoch.of
        log(f"#progress_metric: host={HOST}, completed {completed} % of epochs")
        now = time.monotonic()
        throughput = self._records / max(now - self._began, 1e-6)
        self._began = now
        log(f"#throughput_metric: host={HOST}, train throughput={throughput:.1f} records/second")

    def measures(self, channel: str, measures: Sequence[Measure]) -> None:
        for name, kind, value in measures:
            log(f"#quality_metric: host={HOST}, {channel} {name} <{kind}>={value:.12g}")

    def best(self, candidate: Candidate) -> None:
        described = json.dumps(dataclasses.asdict(candidate))
        log(f"Best model found for hyperparameters: {described}")


def log(message: str) -> None:
    stamp = datetime.datetime.now(datetime.UTC).strftime("%m/%d/%Y %H:%M:%S")
    print(f"[{stamp} INFO {threading.get_ident()}] {message}", flush=True)
