"""Linear Learner's log lines, which are where SageMaker reads its metrics."""

from __future__ import annotations

import dataclasses
import datetime
import json
import threading
import time
from collections.abc import Sequence

from local.sagemaker.linear_learner.candidates import Candidate
from local.sagemaker.linear_learner.metrics import Measure
from local.sagemaker.linear_learner.training import Epoch

HOST = "algo-1"


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
        followed = f"criteria={epoch.monitored}, value={epoch.value:.12g}"
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
