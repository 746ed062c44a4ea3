"""Hyperparameters, what decides a training, as hyperparameters.json declares them.

The file has three sections: "common", "classifier" and "segmenter". A model's hyperparameters are
the common ones and its own. Each is declared in keywords of JSON Schema: type, default and
description; minimum, maximum, exclusiveMinimum, exclusiveMaximum, enum, and the enum of an array's
items. One that has a meaning only beside another's value says so as `implies`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "hyperparameters.json"


@dataclasses.dataclass(frozen=True)
class Hyperparameter:
    name: str
    type: str  # integer, number, boolean, string or array
    default: Any
    description: str
    minimum: float = -math.inf
    maximum: float = math.inf
    exclusiveMinimum: float = -math.inf
    exclusiveMaximum: float = math.inf
    enum: list[str] = dataclasses.field(default_factory=list)
    items: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    implies: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def attribute(self) -> str:
        """Its name among the options that argparse returns."""
        return self.name.replace("-", "_")

    @property
    def range(self) -> str:
        """In words, as they follow "is not"."""
        if self.type == "boolean":
            return "true or false"
        if self.type == "array":
            return f"a JSON list of any of {', '.join(self.items['enum'])}"
        if self.type == "string":
            return f"one of {', '.join(self.enum)}"
        bounds = {
            ">=": self.minimum,
            ">": self.exclusiveMinimum,
            "<=": self.maximum,
            "<": self.exclusiveMaximum,
        }
        given = [f"{sign} {bound:.10g}" for sign, bound in bounds.items() if math.isfinite(bound)]
        return f"a {'whole ' * (self.type == 'integer')}number {' and '.join(given)}"

    def parse(self, text: str) -> Any:
        """What text after the flag means, as SageMaker's toolkit or a person writes it."""
        try:
            value = self._read(text)
        except (ValueError, KeyError):
            value = None
        if value is None or not self._admits(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {self.range}")
        return value

    def _read(self, text: str) -> Any:
        match self.type:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":  # the toolkit writes JSON's true as Python's True
                return {"true": True, "false": False}[text.lower()]
            case "array":
                return json.loads(text)
            case _:
                return text

    def _admits(self, value: Any) -> bool:
        match self.type:
            case "integer" | "number":
                return (
                    math.isfinite(value)
                    and self.minimum <= value <= self.maximum
                    and self.exclusiveMinimum < value < self.exclusiveMaximum
                )
            case "array":
                return isinstance(value, list) and all(one in self.items["enum"] for one in value)
            case "string":
                return value in self.enum
            case _:
                return True


def declared(model: str) -> list[Hyperparameter]:
    """Of the "classifier" or the "segmenter", the common ones first."""
    sections = json.loads(FILE.read_text(encoding="utf-8"))
    both = sections["common"] | sections[model]
    return [Hyperparameter(name, **declaration) for name, declaration in both.items()]


def add_flags(parser: argparse.ArgumentParser, model: str) -> None:
    for one in declared(model):
        bounds = one.range[0].upper() + one.range[1:]
        explained = f"{one.description} {bounds}; default {json.dumps(one.default)}."
        parser.add_argument(
            f"--{one.name}",
            type=one.parse,
            default=argparse.SUPPRESS,  # `complete` tells what was given from what was not
            help=explained.replace("%", "%%"),
            metavar=one.type.upper(),
        )


def complete(options: argparse.Namespace, model: str) -> None:
    """Adds what the given ones imply, and the defaults of the others. One that has no meaning
    beside the others is said to have none."""
    every = {one.name: one for one in declared(model)}
    given = [one for one in every.values() if one.attribute in options]
    named = {one.attribute for one in given}
    for one in given:
        for name, value in one.implies.items():
            other = every[name].attribute
            if other not in named:
                setattr(options, other, value)
            elif getattr(options, other) != value:
                told = f"--{name} {getattr(options, other)}"
                print(f"not used: --{one.name}, which has no meaning beside {told}", flush=True)
    for one in every.values():
        if one.attribute not in options:
            setattr(options, one.attribute, one.default)


def record(options: argparse.Namespace, model: str) -> dict[str, Any]:
    """Every hyperparameter by its declared name, for model.json."""
    return {one.name: getattr(options, one.attribute) for one in declared(model)}
