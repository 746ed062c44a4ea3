"""What came of asking an endpoint that was just deployed."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

# Of what one instance can do. What comes at random waits load / (1 - load) times as long as an
# answer takes, or half of that, and a new instance is minutes away.
# https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-loadtest.html
UTILISATION = 0.7
_MINUTE = 60_000  # milliseconds


@dataclasses.dataclass(frozen=True)
class Probed:
    """An endpoint that passed."""

    probes: int  # images or rows that were sent
    milliseconds: list[float]  # of each request, once the endpoint was warm
    metrics: dict[str, float | None] = dataclasses.field(default_factory=dict)  # that came of it
    comparison: dict[str, Any] | None = None  # with the model before, where only now it could be

    @property
    def median(self) -> float:
        """Milliseconds."""
        return round(statistics.median(self.milliseconds), 1)

    @property
    def scaling_target(self) -> float:
        """Invocations per minute that one instance is to have. It answers one after the other, so
        it can do no more than what fits the time; on the way to it is counted too."""
        return round(UTILISATION * _MINUTE / statistics.median(self.milliseconds), 1)


def milliseconds(ask: Callable[..., object], *request: Any) -> float:
    """How long a request took."""
    start = time.perf_counter()
    ask(*request)
    return (time.perf_counter() - start) * 1000
