"""What came of asking an endpoint that was just deployed."""

from __future__ import annotations

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Probed:
    """An endpoint that passed."""

    probes: int  # images or rows that were sent
    milliseconds: list[float]  # of each image, or of each shard of rows
    metrics: dict[str, float | None] = dataclasses.field(default_factory=dict)  # that came of it

    @property
    def median(self) -> float:
        """Milliseconds."""
        return round(statistics.median(self.milliseconds), 1)
