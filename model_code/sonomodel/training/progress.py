"""How far a training run has come, and what it has found out: what a checkpoint keeps beside the
states of network and optimizer."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from torch import Tensor

State = dict[str, Tensor]


@dataclasses.dataclass
class History:
    epochs: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    selection: str = ""  # the score that the best epoch has the best of


@dataclasses.dataclass
class Progress:
    """`losses` and `norms` have an entry for each step of the current epoch that is done.

    The batches of an epoch are drawn from the generator as it was at the epoch's start, so that
    they can be drawn again and the steps done be left out.
    """

    epoch: int = 1  # the current one, from 1
    losses: list[float] = dataclasses.field(default_factory=list)
    norms: list[float] = dataclasses.field(default_factory=list)  # of gradients, before clipping
    epoch_start: Tensor | None = None  # the generator's state
    learning_rate: float = 0.0  # at the epoch's start
    seconds: float = 0.0  # spent in the current epoch before an interruption
    best: tuple[float, float] = (-math.inf, -math.inf)
    best_state: State | None = None
    finished: bool = False
    history: History = dataclasses.field(default_factory=History)

    def state(self) -> dict[str, Any]:
        """Plain values and tensors."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return fields | {"best": list(self.best), "history": dataclasses.asdict(self.history)}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Progress:
        best = (float(state["best"][0]), float(state["best"][1]))
        return cls(**state | {"best": best, "history": History(**state["history"])})

    def next_epoch(self) -> None:
        self.epoch += 1
        self.losses, self.norms, self.epoch_start, self.seconds = [], [], None, 0.0
