"""Floors: what a model must reach on the test split before it may answer anybody.

One figure of each task has a parameter of its own, since every stack decides on it; the others are
options of one JSON parameter, and hold nothing until they are given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sonoflow import options, payloads
from sonoflow.errors import ConfigurationError

Gate = dict[str, dict[str, float]]  # bounds by figure, under `minimum` and `maximum`
_SHARE: options.Declaration = {"type": "number", "minimum": 0, "maximum": 1}


def wanted(payload: Mapping[str, Any], model: str) -> str:
    """The text of the model's parameter, which a release's machine carries: no function's
    environment has room for it. Raises PayloadInvalid."""
    texts = payloads.field({"floors": {}, **payload}, "floors", dict)
    return payloads.field({model: "{}", **texts}, model, str)


@dataclasses.dataclass(frozen=True)
class Floor:
    figure: str  # as evaluations call it
    maximum: bool = False  # a rate of failures: the bound is from above
    classes: tuple[str, ...] = ()  # without which the figure is not defined
    binary: bool = False  # defined for two classes alone


@dataclasses.dataclass(frozen=True)
class Floors:
    """The floors that one task may be given, and what is given."""

    parameter: str
    known: Mapping[str, Floor]  # by option
    apart: Mapping[str, tuple[str, float]]  # option: its parameter, and that one's value
    text: str

    def gate(self, classes: Sequence[str] | None = None) -> Gate:
        """The bounds, for these classes if they are known. Raises ConfigurationError, also for a
        figure that no model of these classes has."""
        declared = {name: _SHARE for name in (*self.known, *self.apart)}
        elsewhere = {name: parameter for name, (parameter, _) in self.apart.items()}
        gate: Gate = {"minimum": {}, "maximum": {}}
        for name, (_, value) in self.apart.items():
            gate["minimum"][_figure(name)] = value
        for name, value in options.given(self.parameter, declared, self.text, elsewhere).items():
            floor = self.known[name]
            if classes is not None:
                self._check(name, floor, classes)
            gate["maximum" if floor.maximum else "minimum"][floor.figure] = value
        return {bound: limits for bound, limits in gate.items() if limits}

    def _check(self, name: str, floor: Floor, classes: Sequence[str]) -> None:
        if floor.binary and len(classes) != 2:
            raise ConfigurationError(
                f"{self.parameter}: {name} is a figure of two classes, and the data set has "
                f"{len(classes)}"
            )
        if missing := sorted(set(floor.classes) - set(classes)):
            raise ConfigurationError(
                f"{self.parameter}: {name} is a figure of {' and '.join(floor.classes)}, and the "
                f"data set has no class {' and none '.join(missing)}"
            )


def _figure(option: str) -> str:
    return option.replace("-", "_")
