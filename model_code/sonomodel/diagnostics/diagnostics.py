"""Judges a training run after every epoch by the rules, and tells: diagnostics.json and the log.

A rule named by --stop-on ends the job, with what it found as the reason.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

from torch import nn

from sonomodel.diagnostics.observations import EpochFacts, LayerStart, layer_starts
from sonomodel.diagnostics.rules import NOT_A_NUMBER, RULES, Run
from sonomodel.errors import StoppedByRule, TrainingDiverged

FILE = "diagnostics.json"


@dataclasses.dataclass
class Finding:
    """What a rule said when it first fired, and every epoch in which it did."""

    message: str
    epochs: list[int]


class Diagnostics:
    """`path`: where diagnostics.json goes, None for nowhere. `stop_on`: names of rules."""

    def __init__(self, path: Path | None = None, stop_on: Collection[str] = ()) -> None:
        self.path, self.stop_on = path, frozenset(stop_on)
        self.start: dict[str, LayerStart] = {}
        self.epochs: list[EpochFacts] = []
        self.findings: dict[str, Finding] = {}

    def begin(self, network: nn.Module) -> None:
        """Before the first step of a run."""
        self.start = layer_starts(network)

    def end_epoch(self, facts: EpochFacts) -> None:
        """Raises StoppedByRule when a rule fires that is to stop the job."""
        self.epochs.append(facts)
        run = Run(self.start, self.epochs)
        for rule in RULES:
            message = rule.check(run)
            if message is not None:
                self._find(rule.name, facts.epoch, message)
        self.write()
        for name in sorted(self.stop_on & self.findings.keys()):
            finding = self.findings[name]
            raise StoppedByRule(f"{name} in epoch {finding.epochs[-1]}: {finding.message}")

    def check_number(self, value: float, what: str, epoch: int) -> float:
        """The value. Raises TrainingDiverged unless it is finite."""
        if math.isfinite(value):
            return value
        message = f"the {what} of epoch {epoch} is {value}"
        self._find(NOT_A_NUMBER, epoch, message)
        self.write()
        raise TrainingDiverged(
            f"{message}: lower --learning-rate, or look for broken images in the data"
        )

    def _find(self, name: str, epoch: int, message: str) -> None:
        if name in self.findings:
            self.findings[name].epochs.append(epoch)
            return
        self.findings[name] = Finding(message, [epoch])
        print(f"diagnostics: {name} in epoch {epoch}: {message}", flush=True)

    def document(self) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "healthy": not self.findings,
            "rules": [
                {"name": rule.name, "threshold": rule.threshold, "source": rule.source}
                | self._outcome(rule.name)
                for rule in RULES
            ],
            "layers_at_start": {
                name: dataclasses.asdict(start) for name, start in self.start.items()
            },
            "epochs": [dataclasses.asdict(facts) for facts in self.epochs],
        }

    def _outcome(self, name: str) -> dict[str, Any]:
        finding = self.findings.get(name)
        if finding is None:
            return {"fired": False, "message": None, "epochs": []}
        return {"fired": True, "message": finding.message, "epochs": finding.epochs}

    def write(self) -> None:
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(_finite(self.document()), indent=1, allow_nan=False)
        self.path.write_text(text + "\n", encoding="utf-8")

    def state(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            "start": {name: dataclasses.asdict(start) for name, start in self.start.items()},
            "epochs": [dataclasses.asdict(facts) for facts in self.epochs],
            "findings": {name: dataclasses.asdict(one) for name, one in self.findings.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.start = {name: LayerStart(**start) for name, start in state["start"].items()}
        self.epochs = [EpochFacts(**facts) for facts in state["epochs"]]
        self.findings = {name: Finding(**one) for name, one in state["findings"].items()}
        self.write()  # a run that was over leaves its diagnostics all the same


def _finite(value: Any) -> Any:
    """JSON has no NaN: null stands for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
