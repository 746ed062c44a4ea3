"""Whether a model is good enough to be deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sonoflow.errors import PayloadInvalid

_BOUNDS = ("minimum", "maximum")


def reasons_against(
    metrics: Mapping[str, float | None], gate: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """One sentence for every bound that the metrics miss; none means that the gate is passed.

    `gate` holds bounds by metric under `minimum` and `maximum`. A metric that is absent or
    undefined misses its bound. Raises PayloadInvalid for any other kind of bound: it would else
    pass unchecked.
    """
    unknown = set(gate) - set(_BOUNDS)
    if unknown:
        raise PayloadInvalid(f"a gate holds {' and '.join(_BOUNDS)}, not {sorted(unknown)}")
    return [
        reason
        for bound in _BOUNDS
        for metric, limit in sorted(gate.get(bound, {}).items())
        if (reason := _reason(bound, metric, limit, metrics.get(metric)))
    ]


def _reason(bound: str, metric: str, limit: Any, value: float | None) -> str | None:
    if value is None:
        return f"{metric} is undefined, the {bound} is {limit}"
    missed = value < limit if bound == "minimum" else value > limit
    return f"{metric} is {value:.6g}, the {bound} is {limit}" if missed else None
